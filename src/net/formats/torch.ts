import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import type { Weights } from '../architectures/architecture.ts'
import { networkOf } from '../architectures/index.ts'
import { damaged, type Failure, type Given, type NetworkFormat, quoted } from './format.ts'
import { budgetOf, bytesOf, constantFrom, type NumberType, strided } from './numbers.ts'
import { Call, type Dict, Named, readPickle, Stored, type Value } from './pickle.ts'
import { beginsAsZip, openZip } from './zip.ts'

/** The types of numbers in each class of storage. */
const storages: Readonly<Record<string, NumberType>> = {
  'torch.FloatStorage': 'float32',
  'torch.DoubleStorage': 'float64',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
}

const tensorMakers = ['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor']
const parameterMakers = ['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state']

/** The classes and functions that files of tensors and training settings refer to. None of them is created or called. */
const allowed = new Set([
  ...Object.keys(storages),
  ...tensorMakers,
  ...parameterMakers,
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'torch.Size',
  'torch.device',
  'argparse.Namespace',
  ...['dict', 'list', 'set', 'int', 'float'].flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]),
  '_codecs.encode',
  'numpy.dtype',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
])

/** Keys under which training scripts store the network's tensors, averaged ones first. */
const nests = [
  'params_ema',
  'ema',
  'g_ema',
  'state_dict',
  'model_state_dict',
  'params',
  'generator',
  'netG',
  'model',
  'net',
  'weights',
]
const deepestNest = 4

/** The first pickle of files before PyTorch 1.6: a magic number. */
const oldHead = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')

/** Reads the bytes of a storage by its key, type and number of elements. */
type Storage = (key: string, type: NumberType, count: number) => Uint8Array

/** Files of `torch.save` with the tensors of a recognised architecture. No code in them is run. */
export const torch: NetworkFormat = {
  name: 'pth',
  summary: 'PyTorch .pth and .pt: the tensors of a recognised architecture; no code is run',
  extensions: ['.pth', '.pt', '.ckpt'],
  recognises: (bytes) => beginsAsZip(bytes) || oldHead.every((byte, i) => bytes[i] === byte),
  read(bytes, given) {
    const fail = damaged(given.file, 'a file of torch.save')
    const { root, storage } = beginsAsZip(bytes) ? openNew(bytes, given, fail) : openOld(bytes, given, fail)
    const { tensors, place } = tensorsIn(root, given.file)
    const weights = weightsOf(tensors, storage, given.file)
    return networkOf('pth', weights, given, new Map(place === '' ? [] : [['tensors', place]]))
  },
}

const allows = (name: string): boolean => allowed.has(name)

/** Opens a file of PyTorch 1.6 or later: a zip archive of a pickle and one file for each storage. */
function openNew(bytes: Uint8Array, { file }: Given, fail: Failure): { root: Value; storage: Storage } {
  const zip = openZip(bytes, file, fail)
  const pickle = zip.names.find((name) => /^[^/]*\/data\.pkl$/.test(name))
  if (pickle === undefined) {
    throw new ConvoError('E_NET_FORMAT', `${file} is a zip archive without tensors of PyTorch`, {
      why: [`${file}: it holds:`, ...zip.names.slice(0, 8).map(quoted)],
      fix: 'unzip it, if the network is a file in it',
    })
  }
  const folder = pickle.slice(0, -'data.pkl'.length)
  if (zip.names.includes(`${folder}constants.pkl`)) {
    throw new ConvoError('E_NET_FORMAT', `${file} is a TorchScript program, which convo does not run`, {
      why: `${file}: it holds ${quoted(`${folder}constants.pkl`)}`,
      fix: "torch.save(model.state_dict(), 'net.pth') in Python, or torch.onnx.export",
    })
  }
  const order = zip.read(`${folder}byteorder`)
  if (order !== undefined && Buffer.from(order).toString() !== 'little')
    throw fail(0, 'little-endian numbers', 'others')
  const { value } = readPickle({ bytes: zip.read(pickle, 'pickleBytes')!, file, fail, allows })
  return { root: value, storage: storageFrom((key) => zip.read(`${folder}data/${key}`), fail) }
}

/** Opens an older file: pickles of a magic number, a version, the system and the value, then all storages in sequence. */
function openOld(bytes: Uint8Array, { file }: Given, fail: Failure): { root: Value; storage: Storage } {
  const source = { bytes, file, fail, allows }
  const version = readPickle(source, oldHead.length)
  const machine = readPickle(source, version.end)
  const root = readPickle(source, machine.end)
  const keys = readPickle(source, root.end)
  if (machine.value instanceof Map && machine.value.get('little_endian') === false)
    throw fail(version.end, 'little-endian numbers', 'others')
  if (!Array.isArray(keys.value)) throw fail(root.end, 'a list of storages', 'another value')
  const order = keys.value
  const view = viewOf(bytes)
  // types are known only from the value, so the position of a storage follows from those before it
  const sizes = new Map<string, number>()
  walk(root.value, (id) => void sizes.set(id.key, bytesOf(id.type)))
  const places = new Map<string, Uint8Array>()
  let at = keys.end
  for (const key of order) {
    const size = typeof key === 'string' ? sizes.get(key) : undefined
    if (size === undefined) break
    if (at + 8 > bytes.length) throw fail(at, 'the size of a storage', 'the end')
    const length = Number(view.getBigInt64(at, true)) * size
    at += 8
    if (length < 0 || at + length > bytes.length)
      throw fail(at - 8, 'a storage within the file', `${length} bytes`)
    places.set(key as string, bytes.subarray(at, at + length))
    at += length
  }
  return { root: root.value, storage: storageFrom((key) => places.get(key), fail) }
}

const storageFrom =
  (find: (key: string) => Uint8Array | undefined, fail: Failure): Storage =>
  (key, type, count) => {
    const found = find(key)
    const need = count * bytesOf(type)
    if (found !== undefined && found.length >= need) return found
    throw fail(0, `${need} bytes of storage ${quoted(key)}`, `${found?.length ?? 'none'}`)
  }

type StorageId = { readonly key: string; readonly type: NumberType; readonly begin: number }

/** Parses `('storage', class, key, device, count)`, before 1.6 followed by a view `(key, first, count)`. */
function storageIdOf(value: Value | undefined): StorageId | undefined {
  if (!(value instanceof Stored) || !Array.isArray(value.id)) return undefined
  const [kind, of, key, , , view] = value.id
  if (kind !== 'storage' || !(of instanceof Named) || typeof key !== 'string') return undefined
  const type = Object.hasOwn(storages, of.name) ? storages[of.name] : undefined
  const first = Array.isArray(view) ? view[1] : 0
  return type === undefined || !isSize(first) ? undefined : { key, type, begin: first }
}

/** Visits all storages that a value refers to, each value once. */
function walk(root: Value, visit: (id: StorageId) => void): void {
  const seen = new Set<Value>()
  const open: Value[] = [root]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    const id = storageIdOf(value)
    if (id !== undefined) visit(id)
    else if (value instanceof Map) for (const [key, one] of value) open.push(key, one)
    else
      for (const one of value instanceof Call ? value.args : Array.isArray(value) ? value : []) open.push(one)
  }
}

/** A tensor of a pickle. */
type Tensor = {
  readonly storage: StorageId
  readonly first: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const areSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize)

/** Parses `_rebuild_tensor_v2(storage, first, shape, strides, …)`, which may be wrapped in a parameter. */
function tensorOf(value: Value | undefined): Tensor | undefined {
  if (!(value instanceof Call)) return undefined
  if (parameterMakers.includes(value.name)) return tensorOf(value.args[0])
  if (!tensorMakers.includes(value.name)) return undefined
  const [of, first, sizes, strides] = value.args
  const storage = storageIdOf(of)
  const shape = sizes instanceof Call && sizes.name === 'torch.Size' ? sizes.args[0] : sizes
  if (storage === undefined || !isSize(first) || !areSizes(shape) || !areSizes(strides)) return undefined
  if (shape.length !== strides.length) return undefined
  return { storage, first: first + storage.begin, shape, strides }
}

/** Finds the network's tensors in the saved value: the value itself, or a dictionary in it. */
function tensorsIn(root: Value, file: string): { tensors: ReadonlyMap<string, Tensor>; place: string } {
  let value = root
  const place: string[] = []
  for (let depth = 0; depth < deepestNest && value instanceof Map; depth++) {
    const dict: Dict = value
    const tensors = new Map<string, Tensor>()
    for (const [key, one] of dict) {
      const tensor = tensorOf(one)
      if (typeof key === 'string' && tensor !== undefined) tensors.set(key, tensor)
    }
    if (tensors.size > 0) return { tensors, place: place.join('.') }
    const nest = nests.find((key) => dict.get(key) instanceof Map) ?? onlyKey(dict)
    if (nest === undefined) break
    place.push(nest)
    value = dict.get(nest)!
  }
  const keys = value instanceof Map ? [...value.keys()].filter((key) => typeof key === 'string') : []
  throw new ConvoError('E_NET_FORMAT', `${file} does not hold the tensors of a network`, {
    why: [
      `${file}: it holds ${keys.length === 0 ? 'no dictionary' : keys.slice(0, 12).map(quoted).join(' ')}`,
    ],
    fix: "torch.save(model.state_dict(), 'net.pth') in Python",
  })
}

/** The key of the only dictionary within a dictionary. */
function onlyKey(dict: Dict): string | undefined {
  const keys = [...dict.keys()].filter((key) => dict.get(key) instanceof Map)
  return keys.length === 1 && typeof keys[0] === 'string' ? keys[0] : undefined
}

function weightsOf(tensors: ReadonlyMap<string, Tensor>, storage: Storage, file: string): Weights {
  const budget = budgetOf(file)
  return {
    file,
    names: [...tensors.keys()],
    shape: (name) => tensors.get(name)?.shape,
    read(name) {
      const { storage: id, first, shape, strides } = tensors.get(name)!
      const count = sizeOf(shape)
      const end =
        count === 0 ? first : shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, first) + 1
      budget.take(Math.max(count, end - first))
      const size = bytesOf(id.type)
      const bytes = storage(id.key, id.type, end).subarray(first * size, end * size)
      return strided(constantFrom(id.type, [end - first], bytes), shape, strides)
    },
  }
}
