import { hash } from './noise.mjs'

/** The part of the scene with the lighthouse, for filters that mend a picture. */
const [left, top, width, height] = [235, 40, 400, 264]

/** The part as each sample of it comes out of `sampleAt(x, y, c)`, rounded. */
function part(sampleAt) {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++)
        data[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(sampleAt(x, y, c))))
    }
  }
  return { width, height, channels: 3, data }
}

/** With noise like that of a camera in the dark: nearly Gaussian, with a standard deviation of 22 levels. */
export function noisy(scene) {
  const at = (x, y, c) => scene.data[((y + top) * scene.width + x + left) * 3 + c]
  // twelve uniform numbers have the variance 1
  const gauss = (x, y, c) =>
    Array.from({ length: 12 }, (_, i) => hash(x, y, 12 * c + i) - 0.5).reduce((a, b) => a + b)
  return part((x, y, c) => at(x, y, c) + 22 * gauss(x, y, c))
}

/** As from a camera that moved 15 pixels to the side. */
export function blurred(scene) {
  const at = (x, y, c) => scene.data[((y + top) * scene.width + Math.min(x + left, scene.width - 1)) * 3 + c]
  return part(
    (x, y, c) => Array.from({ length: 15 }, (_, i) => at(x + i - 7, y, c)).reduce((a, b) => a + b) / 15,
  )
}
