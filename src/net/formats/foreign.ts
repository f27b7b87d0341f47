import { beginsAsHeader } from '../../kernel/formats/safetensors-header.ts'

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
