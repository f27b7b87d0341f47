import { directSums } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { netColours, netRanges } from '../net/meaning.ts'
import type { Model } from '../net/model.ts'
import { cubic, pass } from '../net/through.ts'
import type { Given, Step } from '../operators/operator.ts'
import { choice, type Params } from '../params.ts'
import type { Operation } from './operations.ts'
import { operationWith } from './operations.ts'

/** The options of a network on a picture. */
export const netParams = {
  'in-range': {
    ...choice(
      'range of black and white in the input of the network; imagenet: mean and spread of torchvision',
      netRanges,
    ),
    unset: 'from the network, otherwise 0..1',
  },
  'out-range': {
    ...choice('range of black and white in its output; raw: numbers are not changed', [
      ...netRanges,
      'raw',
    ] as const),
    unset:
      'from the network; the same as --in-range if input and output have the same number of channels; otherwise raw',
  },
  colours: {
    ...choice('input channels of the network; luma: luminance only, and chroma is resized', netColours),
    unset: 'from the network; luma for one channel and a colour picture',
  },
  algorithm: choice(
    'how to compute 3x3 convolutions of many channels; direct: every product, as the formula has it',
    ['auto', 'direct'] as const,
    'auto',
  ),
  classes: choice(
    'how to write a map of classes: as colours of a palette, or as numbers',
    ['colours', 'numbers'] as const,
    'colours',
  ),
} satisfies Params

/** What there is to say of any network as an operation. */
export const netSyntax: Operation = operationWith('net', {
  summary: 'runs a trained network on a picture of any size, without seams',
  source: 'the file of the network',
  params: netParams,
  build: () => {
    throw new ConvoError('E_USAGE', 'a network is named by its file', {
      fix: 'convo net model.onnx in.png out.png',
    })
  },
})

/** A network as an operation on pictures. */
export const netOperation = (model: Model, name: string): Operation =>
  operationWith('net', {
    summary: `runs the network ${name}`,
    source: 'the file of the network',
    params: netParams,
    build: (given) => netStep(model, given as Given<typeof netParams>),
  })

function netStep(model: Model, { values, full }: Given<typeof netParams>): Step {
  const notes: string[] = []
  let isPicture = true
  return {
    kind: 'tensor',
    acts: 'colour',
    notes,
    arithmetic: {
      algorithm: 'network',
      reason: `${model.network.nodes.length} nodes as one graph in strips: float32, the order of every sum fixed; ${values.algorithm === 'direct' ? 'direct sums, as requested' : "3x3 by Winograd's algorithm where that saves products"}`,
    },
    async apply(x, engine) {
      const passed = await pass(model, x, values.algorithm === 'direct' ? directSums(engine) : engine, {
        full,
        inRange: values['in-range'],
        outRange: values['out-range'],
        colours: values.colours,
        paintsLabels: values.classes === 'colours',
      })
      const { planes, fit } = passed
      isPicture = passed.isPicture
      notes.push(...passed.notes)
      if (
        planes.shape[1] === 1 &&
        planes.shape[2] === 1 &&
        x.shape[1]! * x.shape[2]! > 1 &&
        fit.made[0] > 4
      ) {
        notes.push(
          `the network gives a list of ${fit.made[0]} numbers, not a picture; an output path ending in .npy keeps them`,
        )
      }
      return planes
    },
    carries: (alpha, [height, width], engine) => cubic(engine, alpha, height, width),
    givesPicture: () => isPicture,
  }
}

/** Reads the model of a path. @throws ConvoError */
export async function openModel(path: string, scale?: number): Promise<Model> {
  const [{ readNetwork }, { modelOf }] = await Promise.all([
    import('../net/read.ts'),
    import('../net/model.ts'),
  ])
  const network = await readNetwork(path, { ...(scale !== undefined && { scale }) })
  if (network.nodes.length === 0) throw new ConvoError('E_NET_FORMAT', `${path} holds no nodes`)
  return modelOf(network)
}
