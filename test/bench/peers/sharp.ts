import sharp, { type Sharp } from 'sharp'
import type { Contestant, Peer } from '../contest.ts'
import { fillNoise, madeUpWeights, type Problem, probeAt } from '../problem.ts'

/**
 * sharp on one thread, from samples to samples: the time of the same without an operation is taken off, since there is no
 * other way to get at its core.
 */
export const sharpPeer: Peer = {
  name: 'sharp',
  async enter(problem: Problem): Promise<Contestant | undefined> {
    if (problem.kind !== 'picture' || problem.samples !== 'u8' || problem.threads !== 1) return undefined
    const { width, height, channels, side } = problem
    const apply = operation(problem)
    if (apply === undefined || side > 127) return undefined
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
      name: 'sharp, net',
      async run() {
        const [copying] = await timed(open())
        const [ms, result] = await timed(apply(open()))
        last = result
        return ms - copying
      },
      probe: async () => probeAt(last.length).map((i) => last[i]!),
      close: async () => undefined,
    }
  },
  close: async () => undefined,
}

function operation(problem: Extract<Problem, { kind: 'picture' }>): ((s: Sharp) => Sharp) | undefined {
  const { filter, settings, side } = problem
  if (filter === 'gaussian') return (s) => s.blur(Number(settings.sigma ?? 1))
  if (filter !== 'conv2d' || !problem.whole) return undefined
  const weights = Array.from(madeUpWeights(problem))
  const scale = weights.reduce((a, b) => a + b, 0)
  return (s) => s.convolve({ width: side, height: side, kernel: weights, scale })
}
