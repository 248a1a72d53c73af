import qrcode from 'qrcode-generator';

/** Modules of silence around it, as ISO/IEC 18004 asks for. */
const quiet = 4;

/** Black on white in both themes: scanners read nothing else as surely. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { d, size } = qrPath(text);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={d} fill="#000" />
    </svg>
  );
}

/** One path of unit squares. Level M: a fifteenth of it may be dirty or glare, and a projected code is large anyway. */
export function qrPath(text: string): { d: string; size: number } {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const n = code.getModuleCount();
  let d = '';
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column < n; column += 1) {
      if (code.isDark(row, column)) d += `M${column + quiet} ${row + quiet}h1v1h-1z`;
    }
  }
  return { d, size: n + 2 * quiet };
}
