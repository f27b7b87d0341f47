import { ConvoError } from '../error.ts'
import { inTurns } from '../host/turns.ts'
import { flag, number, numbers, type Params } from '../params.ts'
import { extremes } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { activate } from './activation.ts'
import { arithmetics, type Given, type Operator, operator, type Step } from './operator.ts'

// Small steps between the operators of a chain, like the layers of a network.

/** What a small step does, apart from what all of them have in common. */
type Small<P extends Params> = Pick<Operator<P>, 'summary' | 'formula' | 'source' | 'examples'> & {
  readonly params?: P
  build(given: Given<P>): Partial<Step> & Pick<Step, 'apply'>
}

/** Makes a small step, which takes no kernel. With `volume: 'whole'` it treats its input as a flat list of samples. */
export const step = <P extends Params = Record<never, never>>({
  build,
  params = {} as P,
  ...rest
}: Small<P>) =>
  operator({
    ...rest,
    params,
    group: 'steps',
    kernel: 'none',
    takes: [],
    build: (given) => ({ acts: 'colour', arithmetic: arithmetics.samples, ...build(given) }),
  })

/** A list of numbers, one or one for each channel. */
export const list = (summary: string) => numbers(summary, '<n,n,…>', { min: 1, max: 4096 })
export const reluStep = step({
  summary: 'sets negative values to 0',
  formula: 'out = max(x, 0)',
  source: 'Nair and Hinton 2010',
  build: () => ({ volume: 'whole', apply: (x, engine) => activate(engine, x, 'relu') }),
})

export const thresholdStep = step({
  summary: 'makes values above a level white, all others black',
  formula: 'out = white where x > at, else black; with --keep out = x where x > at, else black',
  source: 'with --keep, this is Threshold of PyTorch with value 0',
  params: {
    at: number('the level, 0..255 at any depth', 128),
    keep: flag('keep values above the level as they are'),
  },
  examples: ['convo threshold in.png out.png --at 100'],
  build: ({ values: { at, keep }, full }) => ({
    volume: 'whole',
    apply: (x, engine) =>
      engine.layer('threshold', [x], { level: Math.fround((at * full) / 255), keep, full }),
  }),
})

export const normalizeStep = step({
  summary: 'stretches values to the full range, or normalizes them with a mean and standard deviation',
  formula:
    'out = full · (x − min) / (max − min); with --mean and --std out = (x / full − mean) / std, channel by channel',
  source:
    'as Normalize of torchvision, with the same numbers for --mean and --std. A flat picture becomes black',
  params: {
    mean: {
      ...list('mean to subtract, one number or one per channel, where white is 1'),
      unset: 'stretch',
    },
    std: {
      ...list('standard deviation to divide by, one number or one per channel, not 0'),
      unset: '1, with --mean',
    },
    each: flag('stretch each channel separately'),
  },
  examples: ['convo normalize in.png out.npy --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225'],
  build: ({ values: { mean, std, each }, full }) => {
    if (mean === undefined && std === undefined) {
      return { volume: 'whole', seesAll: true, apply: (x) => stretch(x, each, full) }
    }
    if (each)
      throw new ConvoError('E_OPTION', '--each cannot be used with --mean or --std', { fix: 'no --each' })
    if (std?.includes(0))
      throw new ConvoError('E_OPTION', `--std must not hold 0, got ${std.join(',')}`, {
        fix: `--std ${std.map((n) => n || 1).join(',')}`,
      })
    return {
      volume: 'whole',
      // From here on the numbers are no longer levels, and biases are used as they are.
      full: 255,
      unit: 1,
      apply: (x, engine) =>
        engine.layer('standardize', [x], {
          mean: perChannel('--mean', mean ?? [0], x),
          std: perChannel('--std', std ?? [1], x),
          full,
        }),
    }
  },
})

/** Returns a number for each channel from a list of one number or of one for each. @throws ConvoError E_OPTION */
export function perChannel(name: string, list: readonly number[], x: Tensor): readonly number[] {
  const channels = x.shape[0]!
  if (list.length === channels) return list
  if (list.length === 1) return Array.from({ length: channels }, () => list[0]!)
  throw new ConvoError('E_OPTION', `${name} has ${list.length} numbers for ${channels} channels`, {
    fix: `${name} ${list[0]}`,
  })
}

async function stretch(x: Tensor, each: boolean, full: number): Promise<Tensor> {
  const size = each ? x.data.length / x.shape[0]! : x.data.length
  const data = new Float32Array(x.data.length)
  for (let from = 0; from < data.length; from += size) {
    const { min, max } = await extremes(x.data.subarray(from, from + size))
    const gain = max > min ? full / (max - min) : 0
    await inTurns(size, (first, end) => {
      for (let i = from + first; i < from + end; i++) data[i] = (x.data[i]! - min) * gain
    })
  }
  return new Tensor(x.shape, data)
}
