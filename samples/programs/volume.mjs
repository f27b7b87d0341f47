// A volume: slices of a ball are smoothed in three directions.
import convo, { Tensor } from 'convo'

const n = 24
const ball = new Float32Array(n ** 3)
for (let z = 0; z < n; z++) {
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const isInside = Math.hypot(x - n / 2, y - n / 2, z - n / 2) < n / 3
      ball[(z * n + y) * n + x] = isInside ? 255 : 0
    }
  }
}
const mean = Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => [1, 1, 1]))
const smooth = await convo(new Tensor([1, n, n, n], ball))
  .conv3d({ kernel: [[mean]], normalize: true })
  .toTensor()
const at = (z, y, x) => smooth.data[(z * n + y) * n + x]
console.log(
  smooth.shape.join('x'),
  'from the middle outwards:',
  [12, 18, 19, 20, 21].map((x) => Math.round(at(12, 12, x))).join(' '),
)
