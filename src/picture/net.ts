import { directSums } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import type { Model } from '../net/model.ts'
import { type NetInputs, netColours, netOutRanges, netRanges } from '../net/network.ts'
import { heatNames } from '../net/palette.ts'
import type { Given, Step } from '../operators/operator.ts'
import { choice, custom, expected, integer, type Params, resolve, text } from '../params.ts'
import { defined, pick } from '../text/record.ts'
import { type Operation, operationWith } from './operations.ts'

/** The options of a network on a picture. */
export const netParams = {
  'in-range': {
    ...choice(
      'range of black and white in the input of the network; imagenet: the mean and standard deviation of torchvision',
      netRanges,
    ),
    unset: 'from the network, otherwise 0..1',
  },
  'out-range': {
    ...choice('range of black and white in its output; raw: numbers are not changed', netOutRanges),
    unset:
      'from the network; the same as --in-range if input and output have the same number of channels; otherwise raw',
  },
  colours: {
    ...choice('input channels of the network; luma: luminance only, and chroma is resized', netColours),
    unset: 'from the network; luma for one channel and a colour picture',
  },
  algorithm: choice(
    'how to compute 3x3 and 5x5 convolutions of many channels; direct computes every product of the formula',
    ['auto', 'direct'] as const,
    'auto',
  ),
  classes: choice(
    'how to write a map of classes: as colours of a palette, or as numbers',
    ['colours', 'numbers'] as const,
    'colours',
  ),
  palette: {
    ...choice('colours of a map of numbers, such as depth, or the probability of a class', heatNames),
    unset: 'a map stays gray',
  },
  map: {
    ...integer('write only this map of several, counted from 0', undefined, { min: 0, max: 65535 }),
    unset: 'all of them',
  },
} satisfies Params

/** The scale factor, which some files do not specify. */
export const netScale = {
  ...integer('scale factor, for files that do not specify it', undefined, { min: 1, max: 64 }),
  unset: 'from the file',
}

/** Which of several outputs is computed. */
export const netHead = {
  ...text('which output to use, by name or by number from 1', '<name>'),
  unset: 'the first',
}

/** Numbers for inputs of the network besides the picture. */
export const netSet = {
  ...custom(
    'values of inputs other than the picture, by name, such as the strength of a denoiser',
    '<name=n,...>',
    (given, name): NetInputs => {
      const pairs: readonly unknown[][] =
        typeof given === 'string'
          ? given.split(',').map((pair) => pair.split('='))
          : typeof given === 'object' && given !== null
            ? Object.entries(given)
            : []
      const isGood = ([key, value, ...more]: readonly unknown[]) =>
        more.length === 0 &&
        pairs.filter(([other]) => other === key).length === 1 &&
        (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) &&
        Number.isFinite(Number(value))
      if (pairs.length === 0 || !pairs.every(isGood))
        throw expected('names with numbers, such as sigma=0.1', name, given)
      return Object.fromEntries(pairs.map(([key, value]) => [key as string, Number(value)]))
    },
  ),
  unset: 'the picture is the only input',
}

/** The options for reading the file of a network. */
export const modelParams = { scale: netScale, head: netHead, set: netSet }

/** The step for any network. The file of the network defines it. */
export const netSyntax: Operation = operationWith('net', {
  summary: 'runs a trained network on a picture of any size, without seams',
  source: 'the file of the network',
  params: { ...netParams, ...modelParams },
  file: {
    name: 'model',
    sample: 'model.onnx',
    open: async (path, given) => netOperation(await openModel(path, given), path),
  },
  build: () => {
    throw new ConvoError('E_USAGE', 'a network must be a file', {
      fix: 'convo net model.onnx in.png out.png',
    })
  },
})

export function netOperation(model: Model, name: string): Operation {
  const { files = [] } = model.network
  const typed = Object.entries({ scale: model.meaning.scale, head: model.head, set: typedSet(model.set) })
  return operationWith('net', {
    summary: `runs the network ${name}`,
    source: 'the file of the network',
    params: netParams,
    made: {
      files,
      words: [
        ...files.slice(0, 1),
        ...typed.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, `${value}`])),
      ],
    },
    build: (given) => netStep(model, given as Given<typeof netParams>),
  })
}

/** Loaded when a network runs, since no other run needs it. */
const through = () => import('../net/through.ts')

function netStep(model: Model, { values, full }: Given<typeof netParams>): Step {
  const notes: string[] = []
  let isPicture = true
  let scale: readonly [number, number] = [1, 1]
  return {
    acts: 'colour',
    notes,
    arithmetic: {
      algorithm: 'network',
      reason: `${model.network.nodes.length} nodes as one graph in strips: float32, the order of every sum fixed; ${values.algorithm === 'direct' ? 'direct sums, as requested' : "3x3 and 5x5 by Winograd's algorithm where that saves products"}`,
    },
    async apply(x, engine) {
      const { pass } = await through()
      const passed = await pass(model, x, values.algorithm === 'direct' ? directSums(engine) : engine, {
        full,
        inRange: values['in-range'],
        outRange: values['out-range'],
        colours: values.colours,
        paintsLabels: values.classes === 'colours',
        heat: values.palette,
        map: values.map,
      })
      const { planes, fit } = passed
      isPicture = passed.isPicture
      scale = fit.scale
      // all slices of a volume add the same notes
      notes.push(...passed.notes.filter((note) => !notes.includes(note)))
      const isList = planes.shape[1]! * planes.shape[2]! === 1 && x.shape[1]! * x.shape[2]! > 1
      if (isList && fit.made[0] > 4) {
        notes.push(
          `the network outputs a list of ${fit.made[0]} numbers, not a picture; an output path ending in .npy keeps them`,
        )
      }
      return planes
    },
    carries: async (alpha, [height, width], engine) => (await through()).cubic(engine, alpha, height, width),
    givesPicture: () => isPicture,
    scale: () => scale,
  }
}

const typedSet = (set: NetInputs): string | undefined =>
  Object.entries(set)
    .map(([name, value]) => `${name}=${value}`)
    .join() || undefined

/** Reads the model from a path, with the values typed for `scale`, `head` and `set`. @throws ConvoError */
export async function openModel(path: string, typed: Readonly<Record<string, unknown>>): Promise<Model> {
  const { readModel } = await import('../net/model.ts')
  return readModel(path, resolve(modelParams, defined(pick(typed, modelParams))))
}
