import { basename, dirname } from 'node:path'
import { asConvoError, ConvoError, mismatch, nearest } from '../error.ts'
import { readFileWhole, readWhole } from '../files/read.ts'
import { under } from '../files/root.ts'
import { beginsAsHeader } from '../kernel/formats/safetensors-header.ts'
import { checkLimit } from '../limits.ts'
import { optional } from '../text/record.ts'
import { type Given, type NetworkFormat, quoted } from './formats/format.ts'
import { ncnn } from './formats/ncnn.ts'
import { onnx } from './formats/onnx.ts'
import { safetensors } from './formats/safetensors.ts'
import { tfjs } from './formats/tfjs.ts'
import { torch } from './formats/torch.ts'
import { type Meaning, meaningKeys, type Network, type NetworkNode, readsOf } from './network.ts'

/** The file formats for networks, in the order in which they are tried. */
export const networkFormats: readonly NetworkFormat[] = [onnx, safetensors, torch, ncnn, tfjs]

/** Options for reading a network. */
export type NetworkOptions = {
  /** Its name in errors. Default: its path, or `the network`. */
  readonly name?: string
  /**
   * Reads a file that the model refers to, by its path relative to the model's folder. Default: reads from the folder of
   * the path; a network given as bytes has no other files.
   */
  readonly beside?: (path: string) => Uint8Array
  /** The factor by which the output is larger than the input, for files that leave it open, such as FSRCNN. */
  readonly scale?: number
}

/**
 * Reads a network from a path, `-` for standard input, or from bytes. The format is recognised by the content. Further
 * files that the network refers to are read from its own folder only.
 *
 * @throws ConvoError E_INPUT for a file that cannot be read, E_NET_FORMAT for an unsupported format, E_NET_SYNTAX for damage,
 *   E_NET_OPERATOR for an unsupported operator, E_PATH for a path outside the folder, E_TOO_LARGE
 */
export async function readNetwork(
  source: string | Uint8Array,
  options: NetworkOptions = {},
): Promise<Network> {
  if (typeof source !== 'string') return networkFrom(source, options)
  const { name = source } = options
  const bytes = await readWhole(source, { limit: 'modelBytes', what: 'a network', name })
  const files = source === '-' ? [] : [source]
  const network = networkFrom(bytes, {
    ...options,
    name: name === '-' ? 'standard input' : name,
    ...(source !== '-' &&
      options.beside === undefined && { beside: filesIn(source, (path) => files.push(path)) }),
  })
  return { ...network, files }
}

/** Reads a network from bytes, as `readNetwork` does. */
export function networkFrom(bytes: Uint8Array, options: NetworkOptions = {}): Network {
  if (!(bytes instanceof Uint8Array)) {
    throw mismatch('a network is read from a path or a Uint8Array', bytes)
  }
  const { name: file = 'the network', beside = noFiles(file), ...rest } = options
  const given: Given = { ...rest, file, beside }
  const format = networkFormats.find(({ recognises }) => recognises(bytes))
  if (format === undefined) throw unknown(bytes, file)
  const network = inOrder(format.read(bytes, given), file)
  // metadata does not override what the architecture says about sizes
  const meaning = { ...optional('scale', given.scale), ...network.meaning }
  return meant(Object.keys(meaning).length === 0 ? network : { ...network, meaning }, file)
}

const levels = { inRange: '0..255' } as const

/** What the metadata of ONNX (MetadataProps.md) says about images. Pixels of 8 bits are levels unless a range is stated. */
const imageKeys: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  'Image.BitmapPixelFormat': {
    Gray8: { ...levels, channels: 'gray' },
    Rgb8: { ...levels, channels: 'rgb' },
    Rgba8: { ...levels, channels: 'rgb' },
    Bgr8: { ...levels, channels: 'bgr' },
    Bgra8: { ...levels, channels: 'bgr' },
  },
  'Image.NominalPixelRange': {
    NominalRange_0_255: levels,
    Normalized_0_1: { inRange: '0..1' },
    Normalized_1_1: { inRange: '-1..1' },
  },
}

/** Adds the meaning of samples stated in the metadata. @throws ConvoError E_NET_FORMAT for unknown values */
export function meant(network: Network, file: string): Network {
  const { metadata } = network
  const said = Object.entries(meaningKeys).flatMap(([name, { field, words }]) => {
    const key = `convo.${name}`
    const value = metadata.get(key)
    if (value === undefined) return []
    if ((words as readonly string[]).includes(value)) return [[field, value] as const]
    throw new ConvoError('E_NET_FORMAT', `${file} says ${key} ${quoted(value)} in its metadata`, {
      why: `${file}: ${key} is one of ${words.join(', ')}`,
      fix: `${key} ${words[0]}`,
    })
  })
  const image = Object.entries(imageKeys).map(
    ([key, words]) => Object.entries(words).find(([word]) => word === metadata.get(key))?.[1],
  )
  const meaning: Meaning = Object.assign({ ...network.meaning }, ...image, Object.fromEntries(said))
  return Object.keys(meaning).length === 0 ? network : { ...network, meaning }
}

/** Creates a reader for the files beside a model. Each is read once and reported to `onRead`. */
function filesIn(model: string, onRead: (path: string) => void): (path: string) => Uint8Array {
  const read = new Map<string, Uint8Array>()
  return (path) => {
    const known = read.get(path)
    if (known !== undefined) return known
    const file = under(dirname(model), path)
    const bytes = besides(model, path, () => readFileWhole(file, { limit: 'modelBytes' }))
    read.set(path, bytes)
    onRead(file)
    return bytes
  }
}

/** Reads a file that a model needs, and says so if it is not there. */
function besides<T>(model: string, path: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    const { code, message, why } = asConvoError(thrown)
    if (code !== 'E_INPUT') throw thrown
    throw new ConvoError(code, message, {
      why: [...why, `${model} is only a part of the network`],
      fix: `${quoted(path)} in the folder of ${basename(model)}, as it was published`,
      cause: thrown,
    })
  }
}

const noFiles = (file: string) => (path: string) => {
  throw new ConvoError('E_INPUT', `${file} needs a file next to it, ${quoted(path)}`, {
    why: `${file}: bytes and standard input have no folder`,
    fix: 'the path of the network instead of its bytes',
  })
}

function unknown(bytes: Uint8Array, file: string): ConvoError {
  const known = refusedAs(bytes, basename(file))
  const what = known?.what ?? 'not a network file that convo reads'
  return new ConvoError('E_NET_FORMAT', `${file} is ${what}`, {
    why: [`${file}: convo reads:`, ...networkFormats.map(({ summary }) => summary)],
    fix: known?.fix ?? 'a file in one of these formats',
  })
}

/**
 * Sorts the nodes of a network so that each comes after those whose outputs it reads. Keeps the order of the file if it is
 * valid.
 *
 * @throws ConvoError E_NET_SYNTAX for a value that no node or more than one node outputs, and for cycles
 */
export function inOrder(network: Network, file: string): Network {
  checkLimit('modelParts', network.nodes.length + network.constants.size, file)
  const fail = (what: string, why: string) => new ConvoError('E_NET_SYNTAX', what, { why: `${file}: ${why}` })
  /** The node that outputs each value; undefined for constants and inputs. */
  const makers = new Map<string, NetworkNode | undefined>()
  for (const name of network.constants.keys()) makers.set(name, undefined)
  for (const { name } of network.inputs) makers.set(name, undefined)
  for (const node of network.nodes) {
    for (const output of node.outputs.filter((name) => name !== '')) {
      if (makers.has(output)) {
        const other = makers.get(output)
        const giver = other === undefined ? 'an input or a tensor' : `node ${quoted(other.name)}`
        throw fail(`two nodes of the network produce ${quoted(output)}`, `node ${nameOf(node)}, and ${giver}`)
      }
      makers.set(output, node)
    }
  }
  const missing = (name: string, of: string) => {
    const near = [...makers.keys()].filter((one) => one.length <= longestCompared).slice(0, mostCompared)
    const guess = name.length <= longestCompared ? nearest(name, near) : undefined
    const like = guess === undefined ? '' : `; there is ${quoted(guess)}`
    return fail(
      `${of} reads ${quoted(name)}, which nothing produces`,
      `no node, tensor or input has this name${like}`,
    )
  }
  const nodes: NetworkNode[] = []
  const state = new Map<NetworkNode, 'open' | 'done'>()
  // an explicit stack: a network may be deeper than the call stack
  for (const first of network.nodes) {
    const stack = state.has(first) ? [] : [{ node: first, reads: readsOf(first), next: 0 }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      state.set(top.node, 'open')
      const name = top.reads[top.next++]
      if (name === undefined) {
        state.set(top.node, 'done')
        nodes.push(top.node)
        stack.pop()
        continue
      }
      if (name === '') continue
      if (!makers.has(name)) throw missing(name, `node ${nameOf(top.node)}`)
      const maker = makers.get(name)
      if (maker === undefined || state.get(maker) === 'done') continue
      if (state.get(maker) === 'open') {
        throw fail(
          `the network has a cycle at node ${nameOf(top.node)}`,
          `it reads ${quoted(name)} of node ${nameOf(maker)}, which needs it`,
        )
      }
      stack.push({ node: maker, reads: readsOf(maker), next: 0 })
    }
  }
  if (network.outputs.length === 0) throw fail('the network has no output', 'no output is stated')
  for (const { name } of network.outputs) if (!makers.has(name)) throw missing(name, 'an output')
  return { ...network, nodes }
}

/** Limits on the search for similar names: comparing two takes time in the product of their lengths. */
const [mostCompared, longestCompared] = [2000, 100]

const nameOf = ({ name, operator }: NetworkNode): string => `${quoted(name)} (${operator})`

/** A format that convo recognises but does not read, and what to do with a file in it. */
type Refused = { readonly what: string; readonly fix?: string }

type Row = Refused & { readonly is: (bytes: Uint8Array, name: string) => boolean }

const begins =
  (text: string, at = 0) =>
  (bytes: Uint8Array): boolean =>
    Buffer.from(bytes.subarray(at, at + text.length)).equals(Buffer.from(text, 'latin1'))

const ends =
  (...extensions: readonly string[]) =>
  (_: Uint8Array, name: string): boolean =>
    extensions.some((extension) => name.toLowerCase().endsWith(extension))

const asOnnx = 'export the network as ONNX from the framework that it comes from'

const rows: readonly Row[] = [
  { is: (bytes) => bytes.length === 0, what: 'empty' },
  {
    is: begins('\x89HDF\r\n\x1a\n'),
    what: 'a Keras network in HDF5, which convo does not read',
    fix: asOnnx,
  },
  { is: begins('TFL3', 4), what: 'a TensorFlow Lite network, which convo does not read', fix: asOnnx },
  { is: begins('GGUF'), what: 'a network in GGUF, which convo does not read', fix: asOnnx },
  { is: begins('\x1f\x8b'), what: 'compressed by gzip', fix: 'gunzip it first' },
  {
    is: begins('version https://git-lfs'),
    what: 'a Git LFS pointer, not the file itself',
    fix: 'git lfs pull',
  },
  { is: ends('.onnx'), what: 'not an ONNX file, despite its name' },
  { is: ends('.pt', '.pth', '.ckpt'), what: 'not a file of torch.save, despite its name' },
  {
    is: (bytes, name) => name.endsWith('.safetensors') && !beginsAsHeader(bytes),
    what: 'not a .safetensors file, despite its name',
  },
  {
    is: ends('.bin'),
    what: 'without a description of the network',
    fix: 'the .param or model.json next to it',
  },
  { is: ends('.pb'), what: 'a TensorFlow graph, which convo does not read', fix: asOnnx },
  {
    is: ends('.caffemodel', '.prototxt'),
    what: 'a Caffe network, which convo does not read',
    fix: asOnnx,
  },
  {
    is: ends('.mlmodel', '.mlpackage'),
    what: 'a Core ML network, which convo does not read',
    fix: asOnnx,
  },
]

/** Identifies a file that no reader accepts. Returns undefined if its format is unknown. */
export const refusedAs = (bytes: Uint8Array, name: string): Refused | undefined =>
  rows.find(({ is }) => is(bytes, name))
