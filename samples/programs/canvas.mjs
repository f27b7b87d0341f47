// An ImageData, as a canvas gives it, through a filter and back.
import convo from 'convo'

/** Blurs an ImageData in place. */
async function blur(image, sigma) {
  const { data } = await convo(image).gaussian({ sigma }).raw()
  image.data.set(data)
  return image
}

// what context.getImageData(0, 0, 64, 48) would give: a white square on opaque black
const [width, height] = [64, 48]
const image = { width, height, data: new Uint8ClampedArray(width * height * 4) }
for (let y = 0; y < height; y++) {
  for (let x = 0; x < width; x++) {
    const level = x >= 16 && x < 48 && y >= 12 && y < 36 ? 255 : 0
    image.data.set([level, level, level, 255], (y * width + x) * 4)
  }
}
await blur(image, 3)
console.log(`the corner of the square has the level ${image.data[(12 * width + 16) * 4]}`)
