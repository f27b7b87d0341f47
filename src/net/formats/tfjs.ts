import { ConvoError } from '../../error.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { isRecord } from '../../text/record.ts'
import { builder, networkFrom } from '../builder.ts'
import type { Constant, Network, Port } from '../network.ts'
import { type Given, type NetworkFormat, openJson, quoted } from './format.ts'
import { graphOf } from './tfjs-graph.ts'
import type { Config, Layer } from './tfjs-layer.ts'
import { kerasLayers } from './tfjs-layers.ts'
import { type Weight, weightsOf } from './tfjs-weights.ts'

/** The most characters of a file that are read to recognise it. */
const mostSniffed = 2 ** 26

/** TensorFlow.js: a Keras model or a graph of TensorFlow in `model.json`, and the weights in files that it names. */
export const tfjs: NetworkFormat = {
  name: 'tfjs',
  summary: 'TensorFlow.js: model.json of a layers or graph model, with its weight files next to it',
  extensions: ['.json'],
  recognises: (bytes) =>
    /^(\ufeff)?\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString()) &&
    Buffer.from(bytes.subarray(0, mostSniffed)).includes('"modelTopology"'),
  read(bytes, given) {
    const text = Buffer.from(bytes)
      .toString()
      .replace(/^\ufeff/, '')
    return networkOf(openJson(text, given.file, 'cannot be read as a model.json'), given)
  },
}

function networkOf(checks: ReturnType<typeof openJson>, given: Given): Network {
  const { file } = given
  const { whole, fail, record, list, text } = checks
  const topology = record(whole.modelTopology, 'modelTopology')
  const metadata = new Map(
    ['generatedBy', 'convertedBy'].flatMap((key) =>
      typeof whole[key] === 'string' ? [[key, whole[key]]] : [],
    ),
  )
  const all = weightsOf(list(whole.weightsManifest, 'weightsManifest'), checks, given)
  if (whole.format === 'graph-model' || topology.node !== undefined)
    return graphOf(checks, topology, all, file, metadata)
  const model = record(topology.model_config ?? topology, 'model_config')
  const config: Config = Array.isArray(model.config)
    ? { layers: model.config }
    : record(model.config, 'config')
  const described = list(config.layers, 'layers').map((one) => record(one, 'a layer'))
  const names = described.map(({ name, config: own }) =>
    text(name ?? (isRecord(own) ? own.name : undefined), 'the name of a layer'),
  )
  const weights = byLayer(all)
  const made = builder(names)
  /** The outputs of layers, by the name of the layer and the number of the call. */
  const values = new Map<string, string>()
  const givenBy = (name: unknown, use: unknown = 0): string => {
    const isKnown = typeof name === 'string' && typeof use === 'number'
    const value = isKnown ? values.get(`${name} ${use}`) : undefined
    if (value === undefined) throw fail('a layer that comes after those that it reads', name)
    return value
  }
  const flat = new Set<string>()
  const inputs: Port[] = []
  const isSequence = model.class_name === 'Sequential'
  const input = (name: string, shape: unknown) => {
    const sizes = Array.isArray(shape) ? shape : []
    const [, high, wide, channels] = sizes.map((n: unknown) =>
      Number.isInteger(n) && (n as number) > 0 ? (n as number) : undefined,
    )
    if (sizes.length !== 4) throw fail('an input of pictures, [batch, height, width, channels]', shape)
    inputs.push({ name, shape: [1, channels, high, wide] })
    values.set(`${name} 0`, name)
    return name
  }
  let before: string | undefined
  for (const [index, layer] of described.entries()) {
    const name = names[index]!
    const type = text(layer.class_name, 'class_name')
    const own = record(layer.config, 'the config of a layer')
    if (type === 'InputLayer') {
      before = input(name, own.batch_input_shape ?? own.batch_shape)
      continue
    }
    if (isSequence && before === undefined) {
      before = input('input', own.batch_input_shape)
      if (before === name) throw fail('layers with other names than "input"', name)
    }
    const refuse = (why: string) =>
      new ConvoError('E_NET_OPERATOR', `layer ${quoted(name)} (${type}) ${why}`, {
        why: [file, `supported layers: ${Object.keys(kerasLayers).join(' ')}`],
      })
    const make = Object.hasOwn(kerasLayers, type) ? kerasLayers[type] : undefined
    if (make === undefined) throw refuse('is of an unsupported type')
    const uses = isSequence ? [undefined] : list(layer.inbound_nodes, 'inbound_nodes')
    for (const [use, node] of uses.entries()) {
      const from =
        node === undefined
          ? [before!]
          : list(node, 'an inbound node').map((one) => {
              const [source, which] = list(one, 'the input of a layer')
              return givenBy(source, which)
            })
      if (from.length === 0) throw refuse('needs an input')
      const context: Layer = {
        name,
        config: own,
        inputs: from,
        isFlat: (value) => flat.has(value),
        builder: made,
        weight: (part, rank) => weights(name, part, rank, refuse),
        hasWeight: (part) => weights(name, part, undefined, undefined) !== undefined,
        refuse,
      }
      const { value, isFlat } = make(context)
      values.set(`${name} ${use}`, value)
      if (isFlat === true) flat.add(value)
      before = value
    }
  }
  const last = isSequence
    ? [before]
    : list(config.output_layers, 'output_layers').map((one) => {
        const [name, use] = list(one, 'an output layer')
        return givenBy(name, use)
      })
  const outputs = last.map((value, i) => {
    const name = made.fresh(last.length === 1 ? 'output' : `output_${i}`)
    made.alias(value ?? '', name)
    return { name, shape: undefined }
  })
  return networkFrom(made, {
    format: 'tfjs',
    name: typeof config.name === 'string' ? config.name : '',
    inputs,
    outputs,
    metadata,
  })
}

type Refuse = (why: string) => ConvoError

/** The weights of a layer by short name, such as `kernel`. */
type Weights = {
  (layer: string, part: string, rank: number | undefined, refuse: Refuse): Constant
  (layer: string, part: string, rank: undefined, refuse: undefined): Constant | undefined
}

function byLayer(all: ReadonlyMap<string, Weight>): Weights {
  /** `model/layer/part` and `layer/layer/part` are found by their end. */
  const places = new Map<string, Weight>()
  for (const [name, weight] of all) {
    const words = name.split('/')
    const part = words.at(-1)!
    for (const layer of new Set(words.slice(0, -1))) places.set(`${layer}/${part}`, weight)
  }
  function weight(layer: string, part: string, rank: number | undefined, refuse: Refuse): Constant
  function weight(layer: string, part: string, rank: undefined, refuse: undefined): Constant | undefined
  function weight(layer: string, part: string, rank: number | undefined, refuse: Refuse | undefined) {
    const found = all.get(`${layer}/${part}`) ?? places.get(`${layer}/${part}`)
    if (found === undefined && refuse === undefined) return undefined
    if (found === undefined) throw refuse!(`has no weights called ${quoted(part)}`)
    if (rank !== undefined && (found.shape.length !== rank || sizeOf(found.shape) === 0))
      throw refuse!(`has a ${part} of ${describe(found.shape)}, where ${rank} sizes are needed`)
    return found.read()
  }
  return weight
}
