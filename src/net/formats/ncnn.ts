import { basename } from 'node:path'
import { ConvoError } from '../../error.ts'
import { checkLimit } from '../../limits.ts'
import { type Builder, builder, networkFrom } from '../builder.ts'
import type { Network } from '../network.ts'
import { scaleOf } from '../scale.ts'
import { type Given, type NetworkFormat, quoted } from './format.ts'
import { Layer } from './ncnn-layer.ts'
import { layers } from './ncnn-layers.ts'
import { ncnnWeights } from './ncnn-weights.ts'

const magic = 7767517
/** Lists have this key and those below it. */
const firstList = -23300
/** The most parameters that a layer can have. */
const mostKeys = 64

/** ncnn: the graph as text in `.param`, and the weights in a `.bin` of the same name beside it. */
export const ncnn: NetworkFormat = {
  name: 'ncnn',
  summary: 'ncnn: .param with the .bin next to it',
  extensions: ['.param'],
  recognises: (bytes) =>
    /^7767517\s/.test(Buffer.from(bytes.subarray(0, 8)).toString('latin1')) || isBinary(bytes),
  read(bytes, given) {
    if (isBinary(bytes)) {
      const what = `${given.file} is a .param of ncnn in its binary form, which convo does not read`
      throw new ConvoError('E_NET_FORMAT', what, {
        why: `${given.file}: byte 0: the number ${magic}`,
        fix: 'the text .param file that it was made from',
      })
    }
    return networkOf(bytes, given)
  },
}

const isBinary = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && Buffer.from(bytes.subarray(0, 4)).readUInt32LE() === magic

function networkOf(bytes: Uint8Array, given: Given): Network {
  const { file, beside } = given
  const fail = (line: number, expected: string, found: string) =>
    new ConvoError('E_NET_SYNTAX', `${file} cannot be read as a .param file`, {
      why: `${file}:${line}:1: expected ${expected}, found ${quoted(found)}`,
    })
  const lines = Buffer.from(bytes).toString().split(/\r?\n/)
  checkLimit('modelParts', lines.length, file)
  const values = lines.slice(2).flatMap((line) => line.split(/\s+/).slice(4))
  const made = builder(values)
  const weightFile = weightFileOf(file)
  const weights = ncnnWeights(() => beside(weightFile), weightFile)
  const inputs: { readonly name: string; readonly channels: number | undefined }[] = []
  /** Second names of values: layers that only copy a value add no node. */
  const names = new Map<string, string>()
  /** Values that are one number for each channel. */
  const flat = new Set<string>()
  const gives = new Set<string>()
  const read = new Set<string>()
  for (const [index, line] of lines.entries()) {
    if (index < 2 || line.trim() === '') continue
    const words = line.trim().split(/\s+/)
    const [type = '', name = '', taken = '', count = ''] = words
    const [ins, outs] = [Number(taken), Number(count)]
    const isWhole = (n: number) => Number.isInteger(n) && n >= 0
    if (!isWhole(ins) || !isWhole(outs) || words.length < 4 + ins + outs)
      throw fail(index + 1, 'a type, a name, the numbers of inputs and outputs, and their names', line)
    const bottoms = words.slice(4, 4 + ins)
    const tops = words.slice(4 + ins, 4 + ins + outs)
    const params = paramsOf(words.slice(4 + ins + outs), (found) => fail(index + 1, 'key=value', found))
    for (const one of bottoms) read.add(one)
    for (const one of tops) gives.add(one)
    if (type === 'Input') {
      const [stated = 0] = params.get(2) ?? []
      const channels = Number.isSafeInteger(stated) && stated > 0 ? stated : undefined
      for (const name of tops) inputs.push({ name, channels })
      continue
    }
    const make = Object.hasOwn(layers, type) ? layers[type] : undefined
    const refuse = (why: string) =>
      new ConvoError('E_NET_OPERATOR', `layer ${quoted(name)} (${type}) ${why}`, {
        why: [`${file}:${index + 1}:1`, `supported layers: ${Object.keys(layers).join(' ')}`],
      })
    if (make === undefined) throw refuse('is of an unsupported type')
    const from = bottoms.map((one) => names.get(one) ?? one)
    if ((from.length === 0 && type !== 'MemoryData') || tops.length === 0)
      throw refuse('needs an input and an output')
    const result = make(new Layer(name, from, tops, params, flat, made, weights, refuse))
    if (result.same !== undefined) for (const top of tops) names.set(top, result.same)
    if (result.isFlat === true)
      for (const one of result.same === undefined ? tops : [result.same]) flat.add(one)
  }
  weights.end()
  const outputs = [...gives].filter((name) => !read.has(name))
  for (const name of outputs) {
    const from = names.get(name)
    if (from !== undefined) made.alias(from, name)
  }
  const ports = {
    inputs: inputs.map(({ name, channels }) => ({
      name,
      shape: [1, channels ?? channelsOf(name, made), undefined, undefined],
    })),
    outputs: outputs.map((name) => ({ name, shape: undefined })),
  }
  // ncnn's tools pad a picture by the border that their networks cut off
  const scale = scaleOf({ ...ports, nodes: made.nodes, constants: made.constants })
  const [x, y] = [ports.inputs[0]?.name, ports.outputs[0]?.name]
  const sum = scale === 4 && x !== undefined && y !== undefined ? withPicture(made, x, y) : undefined
  return networkFrom(made, {
    format: 'ncnn',
    name: basename(file).replace(/\.param$/i, ''),
    ...ports,
    ...(sum !== undefined && {
      outputs: [{ name: sum, shape: undefined }],
      metadata: new Map([
        ['Real-CUGAN', 'the picture, each pixel 4x4, is added to the output of its layers'],
      ]),
    }),
    ...(scale !== undefined && { meaning: { scale } }),
  })
}

/** The channels that the first convolution of a value takes. */
function channelsOf(name: string, { nodes, constants }: Builder): number | undefined {
  const first = nodes.find(({ operator, inputs }) => operator === 'Conv' && inputs[0] === name)
  const groups = first?.attributes.get('group') ?? 1
  const [, taken] = constants.get(first?.inputs[1] ?? '')?.shape ?? []
  return taken === undefined || typeof groups !== 'number' ? undefined : taken * groups
}

const weightFileOf = (file: string): string => `${basename(file).replace(/\.param$/i, '')}.bin`

/** Parses `key=value`, and `-23300-key=count,value,…` for lists. */
function paramsOf(words: readonly string[], fail: (found: string) => ConvoError): Layer['params'] {
  const held = new Map<number, readonly number[]>()
  for (const word of words) {
    const [, left = '', right = ''] = /^(-?\d+)=(.+)$/.exec(word) ?? []
    const key = Number(left)
    const numbers = right.split(',').map(Number)
    if (left === '' || numbers.some(Number.isNaN)) throw fail(word)
    const isList = key <= firstList
    const id = isList ? firstList - key : key
    if (id >= mostKeys || (isList && numbers[0] !== numbers.length - 1)) throw fail(word)
    held.set(id, isList ? numbers.slice(1) : numbers)
  }
  return held
}

/**
 * The 4x networks of Real-CUGAN compute a residual. The program that comes with them adds it to the picture, enlarged by
 * repeating each pixel 4x4; their files do not contain this step. Adds the step and returns the name of the sum, or
 * undefined for other networks.
 */
function withPicture(made: Builder, input: string, output: string): string | undefined {
  const { nodes } = made
  const scale = 4
  // pixels of the picture that the first convolutions and crops remove on each side
  const margin = 19
  const last = nodes.slice(-3)
  const isOne =
    last.map(({ operator }) => operator).join() === 'Conv,Slice,DepthToSpace' &&
    last[2]!.attributes.get('blocksize') === 2 &&
    nodes.filter(({ operator }) => operator === 'GlobalAveragePool').length === 4
  if (!isOne) return undefined
  const scales = made.floats([1, 1, scale, scale])
  const how = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const large = made.add('Resize', [input, '', scales], how, { name: 'picture' })
  const cut = scale * margin
  const places = [
    [cut, cut],
    [-cut, -cut],
    [2, 3],
  ].map(made.ints)
  const inside = made.add('Slice', [large, ...places], {}, { name: 'picture_inside' })
  return made.add('Add', [output, inside], {}, { name: 'picture_added' })
}
