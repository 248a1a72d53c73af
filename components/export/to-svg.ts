/**
 * What is shown, as one SVG: canvases as images, texts as texts in their own fonts, colours and places, the rest as
 * rectangles, lines and the SVGs that the page has. It reads the page as it stands and changes nothing.
 */
export async function toSvg(root: HTMLElement): Promise<{ svg: string; width: number; height: number }> {
  const frame = root.getBoundingClientRect();
  const width = Math.ceil(frame.width);
  const height = Math.ceil(Math.max(frame.height, root.scrollHeight));
  const page: Page = { x: frame.left, y: frame.top, patterns: new Map() };
  const parts: string[] = [];
  walk(root, page, 1, parts);
  const ground = getComputedStyle(document.documentElement).getPropertyValue('--ground').trim() || '#fff';
  const fonts = await fontFaces();
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${fonts}</style>`,
    page.patterns.size === 0 ? '' : `<defs>${[...page.patterns.values()].map(({ xml }) => xml).join('')}</defs>`,
    `<rect width="${width}" height="${height}" fill="${ground}"/>`,
    ...parts,
    '</svg>',
  ].join('\n');
  return { svg, width, height };
}

type Page = { x: number; y: number; patterns: Map<string, { id: string; xml: string }> };

const leftOut = new Set(['SCRIPT', 'STYLE', 'DIALOG', 'NOSCRIPT', 'TEMPLATE', 'LINK', 'META']);

function walk(element: Element, page: Page, opacity: number, parts: string[]): void {
  if (leftOut.has(element.tagName)) return;
  const style = getComputedStyle(element);
  if (style.display === 'none' || style.visibility === 'hidden') return;
  const seen = opacity * Number(style.opacity);
  if (seen < 0.02) return;
  // For ears only: it is on the page and takes no room.
  if (element.classList.contains('sr-only')) return;
  const box = element.getBoundingClientRect();
  const faint = seen < 0.99 ? ` opacity="${round(seen)}"` : '';
  if (element instanceof SVGSVGElement) {
    parts.push(`<g${faint}>${svgOf(element, box, page)}</g>`);
    return;
  }
  if (element instanceof HTMLCanvasElement) {
    if (element.width > 0 && element.height > 0 && box.width > 0) {
      const filter = style.filter === 'none' ? '' : ` style="filter:${escaped(style.filter)}"`;
      parts.push(
        `<image x="${round(box.left - page.x)}" y="${round(box.top - page.y)}" width="${round(box.width)}" height="${round(box.height)}" preserveAspectRatio="none" href="${element.toDataURL('image/png')}"${faint}${filter}/>`,
      );
    }
    return;
  }
  const own: string[] = [];
  boxOf(box, style, page, own);
  for (const child of element.childNodes) {
    if (child instanceof Text) textOf(child, style, page, own);
  }
  if (element instanceof HTMLInputElement) inputOf(element, box, style, page, own);
  if (own.length > 0) parts.push(faint === '' ? own.join('\n') : `<g${faint}>${own.join('')}</g>`);
  for (const child of element.children) walk(child, page, seen, parts);
}

function boxOf(box: DOMRect, style: CSSStyleDeclaration, page: Page, parts: string[]): void {
  if (box.width <= 0 || box.height <= 0) return;
  const place = `x="${round(box.left - page.x)}" y="${round(box.top - page.y)}" width="${round(box.width)}" height="${round(box.height)}"`;
  const radius = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const percent = style.borderTopLeftRadius.endsWith('%') ? (Math.min(box.width, box.height) * radius) / 100 : radius;
  const corner = percent > 0 ? ` rx="${round(Math.min(percent, box.width / 2, box.height / 2))}"` : '';
  if (visible(style.backgroundColor)) parts.push(`<rect ${place}${corner} fill="${style.backgroundColor}"/>`);
  const fill = patternOf(style, page);
  if (fill !== undefined) parts.push(`<rect ${place}${corner} fill="url(#${fill})"/>`);
  const sides = ['Top', 'Right', 'Bottom', 'Left'] as const;
  const widths = sides.map((side) =>
    style[`border${side}Style`] === 'none' ? 0 : Number.parseFloat(style[`border${side}Width`]) || 0,
  );
  if (widths.every((each) => each === 0)) return;
  const dash = (kind: string, size: number) =>
    kind === 'dashed'
      ? ` stroke-dasharray="${size * 3} ${size * 2}"`
      : kind === 'dotted'
        ? ` stroke-dasharray="${size}"`
        : '';
  const [top = 0, right = 0, bottom = 0, left = 0] = widths;
  if (top > 0 && top === right && top === bottom && top === left && visible(style.borderTopColor)) {
    const half = top / 2;
    parts.push(
      `<rect x="${round(box.left - page.x + half)}" y="${round(box.top - page.y + half)}" width="${round(box.width - top)}" height="${round(box.height - top)}"${corner} fill="none" stroke="${style.borderTopColor}" stroke-width="${top}"${dash(style.borderTopStyle, top)}/>`,
    );
    return;
  }
  const x1 = box.left - page.x;
  const y1 = box.top - page.y;
  const x2 = x1 + box.width;
  const y2 = y1 + box.height;
  const lines: [number, string, string, number, number, number, number][] = [
    [top, style.borderTopColor, style.borderTopStyle, x1, y1 + top / 2, x2, y1 + top / 2],
    [right, style.borderRightColor, style.borderRightStyle, x2 - right / 2, y1, x2 - right / 2, y2],
    [bottom, style.borderBottomColor, style.borderBottomStyle, x1, y2 - bottom / 2, x2, y2 - bottom / 2],
    [left, style.borderLeftColor, style.borderLeftStyle, x1 + left / 2, y1, x1 + left / 2, y2],
  ];
  for (const [size, colour, kind, ax, ay, bx, by] of lines) {
    if (size === 0 || !visible(colour)) continue;
    parts.push(
      `<line x1="${round(ax)}" y1="${round(ay)}" x2="${round(bx)}" y2="${round(by)}" stroke="${colour}" stroke-width="${size}"${dash(kind, size)}/>`,
    );
  }
}

/** A pod's pattern is a small SVG as background. */
function patternOf(style: CSSStyleDeclaration, page: Page): string | undefined {
  const found = /url\("data:image\/svg\+xml,([^"]+)"\)/.exec(style.backgroundImage)?.[1];
  if (found === undefined) return undefined;
  const known = page.patterns.get(found);
  if (known !== undefined) return known.id;
  const size = Number.parseFloat(style.backgroundSize) || 8;
  const id = `p${page.patterns.size}`;
  const inside = decodeURIComponent(found)
    .replace(/^<svg[^>]*>/, '')
    .replace(/<\/svg>$/, '');
  page.patterns.set(found, {
    id,
    xml: `<pattern id="${id}" patternUnits="userSpaceOnUse" width="${size}" height="${size}" viewBox="0 0 8 8">${inside}</pattern>`,
  });
  return id;
}

/** A text node in as many pieces as it has lines. */
function textOf(node: Text, style: CSSStyleDeclaration, page: Page, parts: string[]): void {
  const text = node.data;
  if (text.trim() === '') return;
  const range = document.createRange();
  let line: { top: number; left: number; bottom: number; text: string } | undefined;
  const lines: NonNullable<typeof line>[] = [];
  for (let i = 0; i < text.length; i += 1) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getClientRects()[0];
    if (box === undefined || (box.width === 0 && /\s/.test(text[i] ?? ''))) continue;
    if (line === undefined || Math.abs(box.top - line.top) > box.height / 2) {
      line = { top: box.top, left: box.left, bottom: box.bottom, text: '' };
      lines.push(line);
    }
    line.text += text[i];
  }
  for (const each of lines) write(each, style, page, parts);
}

function inputOf(input: HTMLInputElement, box: DOMRect, style: CSSStyleDeclaration, page: Page, parts: string[]): void {
  if (input.type === 'text' && input.value !== '') {
    const left = box.left + (Number.parseFloat(style.paddingLeft) || 0);
    write({ top: box.top, bottom: box.bottom, left, text: input.value }, style, page, parts);
  }
}

function write(
  { top, bottom, left, text }: { top: number; bottom: number; left: number; text: string },
  style: CSSStyleDeclaration,
  page: Page,
  parts: string[],
): void {
  if (text.trim() === '') return;
  const size = Number.parseFloat(style.fontSize);
  // The baseline of Inter and of JetBrains Mono lies this far below the middle of a line.
  const y = (top + bottom) / 2 - page.y + size * 0.355;
  const more = [
    style.letterSpacing === 'normal' ? '' : ` letter-spacing="${style.letterSpacing}"`,
    style.fontVariantNumeric.includes('tabular') ? ' style="font-variant-numeric:tabular-nums"' : '',
    style.textDecorationLine.includes('line-through') ? ' text-decoration="line-through"' : '',
  ].join('');
  parts.push(
    `<text x="${round(left - page.x)}" y="${round(y)}" font-family="${escaped(style.fontFamily)}" font-size="${size}" font-weight="${style.fontWeight}" fill="${style.color}" xml:space="preserve"${more}>${escaped(text.replace(/\s+$/, ''))}</text>`,
  );
}

/** An SVG of the page with its computed colours written into it. */
function svgOf(element: SVGSVGElement, box: DOMRect, page: Page): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const from = [element, ...element.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  for (const [i, source] of from.entries()) {
    const style = getComputedStyle(source);
    const target = to[i];
    for (const name of ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-size', 'font-weight']) {
      target?.setAttribute(name, style.getPropertyValue(name));
    }
    target?.removeAttribute('class');
    target?.removeAttribute('style');
  }
  copy.setAttribute('x', String(round(box.left - page.x)));
  copy.setAttribute('y', String(round(box.top - page.y)));
  copy.setAttribute('width', String(round(box.width)));
  copy.setAttribute('height', String(round(box.height)));
  return new XMLSerializer().serializeToString(copy);
}

/** The product's own fonts, in the file: a picture in a document has no page to ask for them. */
async function fontFaces(): Promise<string> {
  const faces: CSSFontFaceRule[] = [];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      // One subset holds all of what the screen says.
      if (rule instanceof CSSFontFaceRule && /U\+0?0?00-?/i.test(rule.style.getPropertyValue('unicode-range'))) {
        if (!/italic/.test(rule.style.getPropertyValue('font-style'))) faces.push(rule);
      }
    }
  }
  const written = await Promise.all(
    faces.map(async (face) => {
      const source = face.style.getPropertyValue('src');
      const url = /url\("?([^")]+)"?\)/.exec(source)?.[1];
      if (url === undefined) return '';
      const answer = await fetch(new URL(url, face.parentStyleSheet?.href ?? document.baseURI));
      if (!answer.ok) return '';
      const family = face.style.getPropertyValue('font-family');
      const data = await dataUrl(await answer.blob());
      return `@font-face{font-family:${family};font-weight:100 900;src:url(${data}) format("woff2")}`;
    }),
  );
  return `${written.join('')}text{font-feature-settings:"calt" 0}`;
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((done, reject) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function visible(colour: string): boolean {
  return colour !== 'transparent' && !/,\s*0\)$|\/\s*0\)$/.test(colour);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
