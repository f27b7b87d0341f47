import type { Contestant, PeerEntry } from '../contest.ts'
import { fillNoise, madeUpWeights, type PictureProblem, probeAt } from '../problem.ts'
import { loadPackage } from './find.ts'

/** OpenCV as WebAssembly, on one thread. */
export const opencvJs: PeerEntry = {
  name: 'opencv-js',
  needs: 'npm install --prefix <folder> @techstark/opencv-js@4.12.0-release.1, and --packages <folder>',
  async open({ packages }) {
    const loaded = loadPackage<Cv>(packages, '@techstark/opencv-js')
    if (loaded === undefined) return undefined
    const cv = loaded.module
    if (cv.Mat === undefined) {
      await new Promise<void>((done) => {
        cv.onRuntimeInitialized = done
      })
    }
    const name = `opencv-js ${loaded.version}`
    return { name, enter: async (p) => (p.kind === 'picture' ? enterPicture(p, cv, name) : undefined) }
  },
}

type Mat = {
  readonly data: Uint8Array
  readonly data32F: Float32Array
  delete(): void
}

/** The part of its API that is used here. */
type Cv = {
  onRuntimeInitialized: () => void
  readonly Mat: new (rows: number, columns: number, type: number) => Mat
  readonly Point: new (x: number, y: number) => object
  readonly Size: new (width: number, height: number) => object
  readonly CV_8UC1: number
  readonly CV_8UC3: number
  readonly CV_32FC1: number
  readonly CV_32FC3: number
  readonly BORDER_REPLICATE: number
  filter2D(
    src: Mat,
    dst: Mat,
    depth: number,
    kernel: Mat,
    anchor: object,
    delta: number,
    border: number,
  ): void
  GaussianBlur(src: Mat, dst: Mat, size: object, sigmaX: number, sigmaY: number, border: number): void
  blur(src: Mat, dst: Mat, size: object, anchor: object, border: number): void
}

function enterPicture(problem: PictureProblem, cv: Cv, name: string): Contestant | undefined {
  const { width, height, channels, samples, settings, side, whole, filter } = problem
  if (!['conv2d', 'sharpen', 'gaussian', 'box'].includes(filter)) return undefined
  const type =
    samples === 'u8' ? (channels === 1 ? cv.CV_8UC1 : cv.CV_8UC3) : channels === 1 ? cv.CV_32FC1 : cv.CV_32FC3
  const [source, target] = [new cv.Mat(height, width, type), new cv.Mat(height, width, type)]
  const samplesOf = (mat: Mat) => (samples === 'u8' ? mat.data : mat.data32F)
  fillNoise(samplesOf(source))
  const weights = filter === 'sharpen' ? [0, -1, 0, -1, 5, -1, 0, -1, 0] : Array.from(madeUpWeights(problem))
  const scale = filter === 'conv2d' && whole ? weights.reduce((a, b) => a + b, 0) : 1
  const kernel = new cv.Mat(side, side, cv.CV_32FC1)
  kernel.data32F.set(weights.map((w) => w / scale))
  const [anchor, edge] = [new cv.Point(-1, -1), cv.BORDER_REPLICATE]
  const sigma = Number(settings.sigma ?? 1)
  const size = Number(settings.size ?? 3)
  const apply = () => {
    if (filter === 'gaussian') cv.GaussianBlur(source, target, new cv.Size(0, 0), sigma, sigma, edge)
    else if (filter === 'box') cv.blur(source, target, new cv.Size(size, size), anchor, edge)
    else cv.filter2D(source, target, -1, kernel, anchor, 0, edge)
  }
  return {
    name,
    async run() {
      const before = performance.now()
      apply()
      return performance.now() - before
    },
    async probe() {
      const result = samplesOf(target)
      return probeAt(result.length).map((i) => result[i]!)
    },
    async close() {
      for (const mat of [source, target, kernel]) mat.delete()
    },
  }
}
