import { extname } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import type { Contestant, PeerEntry } from '../contest.ts'
import { fillNoise, madeUpWeights, type PictureProblem, probeAt } from '../problem.ts'

/**
 * sharp on one thread, from samples to samples. The time of the same pipeline without an operation is subtracted,
 * because its core cannot be timed in another way. As a whole process, it uses its own default number of threads.
 */
export const sharpPeer: PeerEntry = {
  name: 'sharp',
  needs: 'npm ci',
  open: async () => ({
    name: `sharp ${sharp.versions.sharp}`,
    encodes: true,
    enter: async (problem) => (problem.kind === 'picture' ? enterPicture(problem) : undefined),
    // It has no magnitude of gradients: computes both gradients in 16 bits, and the rest in JavaScript.
    command: (work) =>
      work.kind === 'filter' && !['median', 'resize'].includes(work.filter)
        ? undefined
        : [
            process.execPath,
            '-e',
            script,
            work.input,
            work.output,
            JSON.stringify({ ...work, coding: codingOf(extname(work.output).slice(1)) }),
          ],
  }),
}

type Coding = readonly [format: 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif', options: object]

/** convo's default encoder settings, as options of sharp. */
const codings: Readonly<Record<string, Coding>> = {
  jpg: ['jpeg', { quality: 90, chromaSubsampling: '4:4:4' }],
  webp: ['webp', { lossless: true, exact: true }],
  tif: ['tiff', { compression: 'deflate', predictor: 'horizontal' }],
  gif: ['gif', { interPaletteMaxError: 0 }],
  avif: ['avif', { quality: 80, chromaSubsampling: '4:4:4' }],
}

const codingOf = (ending: string): Coding | undefined => codings[ending]

/** Sets the output format of a picture, with the settings that all share. */
export function encoded(picture: Sharp, ending: string): Sharp {
  const coding = codingOf(ending)
  if (coding === undefined) throw new Error(`no settings for .${ending}: ${Object.keys(codings).join(', ')}`)
  return picture.toFormat(...coding)
}

function enterPicture(problem: PictureProblem): Contestant | undefined {
  const { width, height, channels, side } = problem
  const apply = operation(problem)
  if (problem.samples !== 'u8' || apply === undefined || side > 127) return undefined
  sharp.concurrency(1)
  sharp.cache(false)
  const data = fillNoise(new Uint8Array(width * height * channels))
  const open = () => sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
  const timed = async (s: Sharp): Promise<[number, Buffer]> => {
    const before = performance.now()
    const result = await s.raw().toBuffer()
    return [performance.now() - before, result]
  }
  let last: Buffer = Buffer.alloc(0)
  return {
    name: `sharp ${sharp.versions.sharp}, net`,
    async run() {
      const [copying] = await timed(open())
      const [ms, result] = await timed(apply(open()))
      last = result
      return ms - copying
    },
    probe: async () => probeAt(last.length).map((i) => last[i]!),
    close: async () => undefined,
  }
}

function operation(problem: PictureProblem): ((s: Sharp) => Sharp) | undefined {
  const { filter, settings, side } = problem
  if (filter === 'gaussian') return (s) => s.blur(Number(settings.sigma ?? 1))
  if (filter === 'sharpen')
    return (s) => s.convolve({ width: 3, height: 3, kernel: [0, -1, 0, -1, 5, -1, 0, -1, 0], scale: 1 })
  if (filter !== 'conv2d' || !problem.whole) return undefined
  const weights = Array.from(madeUpWeights(problem))
  const scale = weights.reduce((a, b) => a + b, 0)
  return (s) => s.convolve({ width: side, height: side, kernel: weights, scale })
}

const script = `
  const [input, output, text] = process.argv.slice(1)
  const sharp = require('sharp')
  const work = JSON.parse(text)
  const png = work.level === undefined ? {} : { compressionLevel: work.level, adaptiveFiltering: true }
  const open = () => sharp(input, { limitInputPixels: false })
  async function gradient(kernel) {
    const s = open().convolve({ width: 3, height: 3, scale: 1, kernel })
    const { data, info } = await s.raw({ depth: 'short' }).toBuffer({ resolveWithObject: true })
    return { raw: info, samples: new Int16Array(data.buffer, data.byteOffset, data.length / 2) }
  }
  async function sobel() {
    const x = await gradient([-1, 0, 1, -2, 0, 2, -1, 0, 1])
    const y = await gradient([-1, -2, -1, 0, 0, 0, 1, 2, 1])
    const out = Uint8ClampedArray.from(x.samples, (v, i) => Math.sqrt(v * v + y.samples[i] * y.samples[i]))
    return sharp(out, { raw: x.raw })
  }
  async function main() {
    if (work.kind === 'sobel') return await sobel()
    if (work.kind === 'gaussian') return open().blur(work.sigma)
    if (work.filter === 'median') return open().median(work.settings.size)
    if (work.filter === 'resize') {
      const { width } = await open().metadata()
      return open().resize(Math.round(width * work.settings.by), null, { kernel: 'cubic' })
    }
    const { side, weights, scale } = work
    return open().convolve({ width: side, height: side, kernel: weights, scale })
  }
  main().then((s) => (work.coding ? s.toFormat(...work.coding) : s.png(png)).toFile(output))`
