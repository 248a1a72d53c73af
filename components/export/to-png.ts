/** The picture as pixels, twice as fine as it is shown: it will be looked at on other screens. */
export async function toPng(svg: string, width: number, height: number): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = width * 2;
    canvas.height = height * 2;
    const pen = canvas.getContext('2d');
    if (pen === null) throw new Error('this browser gives no canvas');
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((done, reject) => {
      canvas.toBlob(
        (blob) => (blob === null ? reject(new Error('this browser gives no PNG')) : done(blob)),
        'image/png',
      );
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
