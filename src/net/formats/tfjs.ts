import { ConvoError } from '../../error.ts'
import { isRecord } from '../../text/record.ts'
import { builder, networkFrom } from '../builder.ts'
import type { Network, Port } from '../network.ts'
import { type Given, type NetworkFormat, openJson, quoted } from './format.ts'
import { graphOf } from './tfjs-graph.ts'
import { type Config, kerasLayers, Layer } from './tfjs-layers.ts'
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
  const givenBy = (one: unknown, what: string): string => {
    const [name, use = 0] = list(one, what)
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
    const uses = isSequence ? [[]] : list(layer.inbound_nodes, 'inbound_nodes')
    for (const [use, node] of uses.entries()) {
      const from = isSequence
        ? [before!]
        : list(node, 'an inbound node').map((one) => givenBy(one, 'the input of a layer'))
      if (from.length === 0) throw refuse('needs an input')
      const isFlat = from.every((value) => flat.has(value))
      const result = make(new Layer(name, own, from, isFlat, made, (part) => weights(name, part), refuse))
      values.set(`${name} ${use}`, result.value)
      if (result.isFlat) flat.add(result.value)
      before = result.value
    }
  }
  const last = isSequence
    ? [before]
    : list(config.output_layers, 'output_layers').map((one) => givenBy(one, 'an output layer'))
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

/** Finds the weights of a layer by short name, such as `kernel`. */
function byLayer(all: ReadonlyMap<string, Weight>): (layer: string, part: string) => Weight | undefined {
  /** `model/layer/part` and `layer/layer/part` are found by their end. */
  const places = new Map<string, Weight>()
  for (const [name, weight] of all) {
    const words = name.split('/')
    const part = words.at(-1)!
    for (const layer of new Set(words.slice(0, -1))) places.set(`${layer}/${part}`, weight)
  }
  return (layer, part) => all.get(`${layer}/${part}`) ?? places.get(`${layer}/${part}`)
}
