#!/usr/bin/env bash
# A one-node Kubernetes from source; README.md says what for. Usage: node.sh build | images | up | down
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/.cache/cluster
version=${KUBERNETES_VERSION:-1.34.4}
etcd_version=v3.6.5
coredns_version=v1.12.4
# The kubelet takes the sandbox's image from here; it is a program that waits.
pause=lbscope.test/pause:1
node_image=node:26.10.0-bookworm-slim
envoy_image=$(sed -n 's/^ *image: \(envoyproxy\/envoy:.*\)$/\1/p' "$root/k8s/base/envoy.yaml")

say() { printf '· %s\n' "$*" >&2; }
die() { printf '%s\nWhat to do: %s\n' "$1" "$2" >&2; exit 1; }

need() {
  [ "$(id -u)" = 0 ] || die 'This makes network interfaces and firewall rules.' 'run it as root, on a machine that may be changed.'
  local missing=()
  for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
  [ ${#missing[@]} -eq 0 ] || die "Missing: ${missing[*]}." \
    'apt-get install containerd runc containernetworking-plugins iptables iproute2 docker.io debootstrap openssl; Go from go.dev.'
}

# A main package of Kubernetes, in a module of our own: its own go.mod replaces k8s.io/* by folders that modules do not carry.
program() {
  local name=$1 package=$2 command=$3
  mkdir -p "$work/src/$name"
  cat >"$work/src/$name/main.go" <<GO
package main

import (
	$([[ $command == *context* ]] && echo '"context"')
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/$package/app"
)

func main() { os.Exit(cli.Run(app.$command)) }
GO
  say "Building $name"
  local set=k8s.io/component-base/version
  (cd "$work/src" && nice go build -ldflags "-X $set.gitVersion=v$version -X $set.gitMajor=1 -X $set.gitMinor=$(cut -d. -f2 <<<"$version")" -o "$work/bin/$name" "./$name")
}

build() {
  need go
  export GOFLAGS=-mod=mod
  mkdir -p "$work/bin" "$work/src" "$work/etcd-src"
  local module
  module=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  {
    echo 'module cluster'
    sed -n 's/^go /\ngo /p' "$module/go.mod"
    echo "require k8s.io/kubernetes v$version"
    grep -E '^\s+\S+ v\S+' "$module/go.mod" | grep -vE '^\s+k8s\.io/\S+ v0\.0\.0' | sed 's#//.*##; s/^\s*/require /'
    sed -n "s/^\s*\(k8s\.io\/\S*\) => \.\/staging.*/replace \1 => \1 v0.${version#1.}/p" "$module/go.mod"
  } >"$work/src/go.mod"
  program kube-apiserver kube-apiserver 'NewAPIServerCommand()'
  program kube-controller-manager kube-controller-manager 'NewControllerManagerCommand()'
  program kube-scheduler kube-scheduler 'NewSchedulerCommand()'
  program kube-proxy kube-proxy 'NewProxyCommand()'
  program kubelet kubelet 'NewKubeletCommand(context.Background())'
  say 'Building etcd and CoreDNS'
  cat >"$work/etcd-src/main.go" <<'GO'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
GO
  (cd "$work/etcd-src" && { [ -f go.mod ] || go mod init etcd; } && go get "go.etcd.io/etcd/server/v3@$etcd_version" && nice go build -o "$work/bin/etcd" .)
  GOBIN=$work/bin nice go install "github.com/coredns/coredns@$coredns_version"
}

docker() { command "${DOCKER:-/usr/bin/docker}" -H "unix://$work/docker.sock" "$@"; }
ctr() { command ctr -a "$work/containerd/containerd.sock" -n k8s.io "$@"; }

containerd_up() {
  [ -S "$work/containerd/containerd.sock" ] && ctr version >/dev/null 2>&1 && return
  mkdir -p "$work/containerd/cni"
  cat >"$work/containerd/config.toml" <<TOML
version = 2
root = "$work/containerd/root"
state = "$work/containerd/state"
[grpc]
  address = "$work/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  # Without CAP_SYS_RESOURCE scores can only rise.
  restrict_oom_score_adj = true
  sandbox_image = "$pause"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$work/containerd/cni"
TOML
  cat >"$work/containerd/cni/10-bridge.conflist" <<'JSON'
{ "cniVersion": "0.4.0", "name": "pods", "plugins": [
  { "type": "bridge", "bridge": "lbscope0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
    "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.244.0.0/24" }]], "routes": [{ "dst": "0.0.0.0/0" }] } },
  { "type": "portmap", "capabilities": { "portMappings": true } } ] }
JSON
  containerd -c "$work/containerd/config.toml" >"$work/containerd/log" 2>&1 &
  echo $! >"$work/containerd/pid"
  sleep 3
}

images() {
  need docker dockerd containerd debootstrap go
  containerd_up
  if ! docker version >/dev/null 2>&1; then
    dockerd --data-root "$work/docker" --exec-root "$work/docker-exec" -H "unix://$work/docker.sock" --pidfile "$work/docker.pid" \
      --iptables=false --bridge=none >"$work/docker.log" 2>&1 &
    sleep 5
  fi
  local base=$work/rootfs
  if [ ! -x "$base/usr/local/bin/node" ]; then
    say 'Making a Debian base with the pinned Node'
    debootstrap --variant=minbase --include=libatomic1,ca-certificates bookworm "$base" >"$work/debootstrap.log" 2>&1
    cp "$root"/node_modules/node-linux-*/bin/node "$base/usr/local/bin/node"
    mkdir -p "$base/usr/local/lib/node_modules"
    cp -aL "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$base/usr/local/lib/node_modules/npm"
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
    chroot "$base" groupadd -g 1000 node
    chroot "$base" useradd -u 1000 -g 1000 -m node
  fi
  # A machine behind a proxy of its own has certificates that npm must trust.
  cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/"
  tar -C "$base" -c . | docker import --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$node_image" >/dev/null
  say 'Building the Dockerfile'
  DOCKER_BUILDKIT=1 docker build --network host -t lbscope:dev "$root"

  mkdir -p "$work/image/pause" "$work/image/envoy" "$work/image/coredns"
  printf 'package main\n\nimport (\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\nfunc main() {\n\tc := make(chan os.Signal, 1)\n\tsignal.Notify(c, syscall.SIGINT, syscall.SIGTERM)\n\t<-c\n}\n' >"$work/image/pause/main.go"
  (cd "$work/image/pause" && { [ -f go.mod ] || go mod init pause; } && CGO_ENABLED=0 go build -o pause .)
  printf 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n' >"$work/image/pause/Dockerfile"
  cp "$(find "$root/.cache/envoy" -type f -name envoy | head -n 1)" "$work/image/envoy/envoy"
  printf 'FROM %s\nCOPY --chmod=755 envoy /usr/local/bin/envoy\nUSER 101:101\nENTRYPOINT ["envoy"]\n' "$node_image" >"$work/image/envoy/Dockerfile"
  cp "$work/bin/coredns" "$work/image/coredns/coredns"
  printf 'FROM %s\nCOPY coredns /coredns\nENTRYPOINT ["/coredns"]\n' "$node_image" >"$work/image/coredns/Dockerfile"
  DOCKER_BUILDKIT=1 docker build -q -t "$pause" "$work/image/pause"
  DOCKER_BUILDKIT=1 docker build -q -t "$envoy_image" "$work/image/envoy"
  DOCKER_BUILDKIT=1 docker build -q -t lbscope.test/coredns:1 "$work/image/coredns"
  for image in lbscope:dev "$pause" "$envoy_image" lbscope.test/coredns:1; do docker save "$image" | ctr images import - >/dev/null; done
  ctr images ls -q | grep -v '^sha256'
}

certificate() {
  local name=$1 subject=$2 names=${3:-}
  openssl req -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "$name.crt" -days 30 \
    ${names:+-extfile <(echo "subjectAltName=$names")} 2>/dev/null
}

kubeconfig() {
  cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{ name: node, cluster: { server: "https://127.0.0.1:16443", certificate-authority: "$work/run/ca.crt" } }]
users: [{ name: user, user: $2 }]
contexts: [{ name: node, context: { cluster: node, user: user } }]
current-context: node
YAML
}

start() {
  local name=$1
  shift
  "$work/bin/$name" "$@" >"$name.log" 2>&1 &
  echo $! >>pids
}

up() {
  need containerd runc iptables openssl kubectl
  [ -x "$work/bin/kubelet" ] || die 'Nothing is built yet.' "$0 build"
  sysctl -qw net.ipv4.ip_forward=1
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
  local ip
  ip=$(ip -4 route get 1.1.1.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p')
  containerd_up
  rm -rf "$work/run"
  mkdir -p "$work/run"
  cd "$work/run"
  openssl genrsa -out sa.key 2048 2>/dev/null
  openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
  openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=kubernetes -days 30 2>/dev/null
  certificate api /CN=kube-apiserver "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1,IP:$ip"
  certificate kubelet "/O=system:nodes/CN=system:node:node"
  certificate to-kubelet "/O=system:masters/CN=apiserver"
  local token
  token=$(openssl rand -hex 16)
  (umask 077; echo "$token,admin,admin,system:masters" >tokens.csv)
  kubeconfig admin "{ token: $token }"
  kubeconfig kubelet "{ client-certificate: $work/run/kubelet.crt, client-key: $work/run/kubelet.key }"
  export KUBECONFIG=$work/run/admin.kubeconfig

  start etcd --data-dir etcd --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 \
    --listen-peer-urls http://127.0.0.1:12380 --log-level error
  start kube-apiserver --etcd-servers http://127.0.0.1:12379 --secure-port 16443 --bind-address 0.0.0.0 --advertise-address "$ip" \
    --tls-cert-file api.crt --tls-private-key-file api.key --client-ca-file ca.crt \
    --kubelet-client-certificate to-kubelet.crt --kubelet-client-key to-kubelet.key --kubelet-preferred-address-types InternalIP \
    --service-account-key-file sa.pub --service-account-signing-key-file sa.key \
    --service-account-issuer https://kubernetes.default.svc.cluster.local --service-cluster-ip-range 10.96.0.0/16 \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --token-auth-file tokens.csv \
    --audit-policy-file "$here/audit.yaml" --audit-log-path "$work/run/audit.log"
  say 'Waiting for the API server'
  for _ in $(seq 60); do kubectl get --raw /readyz >/dev/null 2>&1 && break; sleep 1; done
  start kube-controller-manager --kubeconfig admin.kubeconfig --service-account-private-key-file sa.key --root-ca-file ca.crt \
    --cluster-cidr 10.244.0.0/16 --use-service-account-credentials --leader-elect=false --bind-address 127.0.0.1
  start kube-scheduler --kubeconfig admin.kubeconfig --leader-elect=false --bind-address 127.0.0.1
  echo 'nameserver 127.0.0.1' >resolv.conf
  cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: "$work/run/ca.crt" } }
authorization: { mode: Webhook }
clusterDomain: cluster.local
clusterDNS: ["10.96.0.10"]
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: "unix://$work/containerd/containerd.sock"
resolvConf: "$work/run/resolv.conf"
evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1% }
imageGCHighThresholdPercent: 99
imageGCLowThresholdPercent: 98
YAML
  start kubelet --config kubelet.yaml --kubeconfig kubelet.kubeconfig --root-dir "$work/kubelet" --hostname-override node \
    --node-ip "$ip" --cert-dir "$work/run/kubelet-certs"
  cat >proxy.yaml <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: "$work/run/admin.kubeconfig" }
mode: iptables
clusterCIDR: 10.244.0.0/16
hostnameOverride: node
conntrack: { maxPerCore: 0 }
YAML
  start kube-proxy --config proxy.yaml
  kubectl apply -f "$here/coredns.yaml" >/dev/null
  say 'Waiting for the node'
  for _ in $(seq 60); do kubectl get node node 2>/dev/null | grep -q ' Ready' && break; sleep 1; done
  # Or the first lookups of what is applied next would wait for it.
  kubectl -n kube-system rollout status deployment/coredns --timeout=60s >/dev/null
  kubectl get nodes
  printf '\n  export KUBECONFIG=%s\n' "$KUBECONFIG"
}

down() {
  export KUBECONFIG=$work/run/admin.kubeconfig
  kubectl delete deployments --all --all-namespaces --wait=false >/dev/null 2>&1 || true
  for _ in $(seq 30); do [ -z "$(kubectl get pods -A --no-headers 2>/dev/null)" ] && break; sleep 1; done
  # The API server waits for watches that nobody will end; nothing here is worth waiting for.
  tac "$work/run/pids" | while read -r pid; do kill "$pid" 2>/dev/null || true; done
  sleep 5
  while read -r pid; do kill -9 "$pid" 2>/dev/null || true; done <"$work/run/pids"
  kill "$(cat "$work/containerd/pid")" 2>/dev/null || true
  if [ -f "$work/docker.pid" ]; then kill "$(cat "$work/docker.pid")" || true; fi
  # What kube-proxy and the kubelet wrote, and nothing of anyone else's.
  iptables-save | grep -v KUBE- | iptables-restore
  ip link delete lbscope0 2>/dev/null || true
  # The kubelet mounts its own folder over itself.
  umount "$work/kubelet" 2>/dev/null || true
  say 'The node is down.'
}

case ${1:-} in
  build | images | up | down) "$1" ;;
  *) die "\"${1:-}\" is not a command." "$0 build | images | up | down" ;;
esac
