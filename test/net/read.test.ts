import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { networkFormats, networkFrom, readNetwork } from '../../src/net/read.ts'
import { scratch } from '../cli/convo.ts'
import { networkSeeds } from '../fuzz/networks.ts'
import { failure, rejection } from '../kernel/expect-failure.ts'
import { tensors } from '../kernel/formats/safetensors-file.ts'
import { onnxModel } from './onnx-writer.ts'
import { srcnn } from './small.ts'

const folder = scratch()
const seeds = networkSeeds()
const weights = seeds.find(({ ext }) => ext === '.bin')!.bytes
const described = seeds.filter(({ ext }) => ext !== '.bin')

describe('the content says the format', () => {
  test.each(described.map(({ ext, bytes }, i) => [i, ext, bytes] as const))('%d: %s', (_, ext, bytes) => {
    const [format, ...others] = networkFormats.filter(({ recognises }) => recognises(bytes))
    expect(others).toEqual([])
    expect(format?.extensions).toContain(ext)
  })

  test('so a name may be any, or none', () => {
    const bytes = tensors(srcnn())
    expect(networkFrom(bytes, { name: 'a.onnx' })).toEqual(networkFrom(bytes))
  })
})

describe('a path', () => {
  test.each(described.map(({ ext, bytes }, i) => [i, ext, bytes] as const))(
    '%d: %s, with what lies beside it',
    async (i, ext, bytes) => {
      mkdirSync(folder.path(`${i}`))
      for (const name of ['w.bin', 'n.bin']) writeFileSync(folder.path(`${i}/${name}`), weights)
      const path = folder.path(`${i}/n${ext}`)
      writeFileSync(path, bytes)
      const network = await readNetwork(path)
      expect(network.nodes.length).toBeGreaterThan(1)
      const name = path.replaceAll('\\', '/')
      const { files, ...rest } = network
      expect(networkFrom(bytes, { name, beside: () => weights })).toEqual(rest)
      expect(files![0]).toBe(path)
    },
  )

  test('that is not there, or whose weights are not', async () => {
    const missing = await rejection(readNetwork(folder.path('none.onnx')))
    expect([missing.code, missing.message]).toEqual([
      'E_INPUT',
      `there is no file ${folder.path('none.onnx')}`,
    ])
    const path = folder.path('alone.param')
    writeFileSync(path, described.find(({ ext }) => ext === '.param')!.bytes)
    const alone = await rejection(readNetwork(path))
    expect([alone.code, alone.message]).toEqual(['E_INPUT', `there is no file ${folder.path('alone.bin')}`])
    expect(alone.why).toEqual([`${path} is only a part of the network`])
    expect(alone.fix).toBe('"alone.bin" in the folder of alone.param, as it was published')
  })
})

describe('what a file says of its samples in its metadata', () => {
  const relu = {
    inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'] }],
    outputs: [{ name: 'y' }],
    nodes: [{ operator: 'Relu', inputs: ['x'], outputs: ['y'] }],
  }
  const said = { 'convo.in-range': '-1..1', 'convo.out-range': 'raw', 'convo.colours': 'bgr' }
  const meaning = { inRange: '-1..1', outRange: 'raw', channels: 'bgr' }

  test('is heard in ONNX, also against what its types say', () => {
    expect(networkFrom(onnxModel({ ...relu, metadata: said })).meaning).toEqual(meaning)
    const bytes = { ...relu, inputs: [{ ...relu.inputs[0]!, type: 'uint8' as const }] }
    expect(networkFrom(onnxModel(bytes)).meaning).toEqual({ inRange: '0..255' })
    expect(networkFrom(onnxModel({ ...bytes, metadata: said })).meaning).toEqual(meaning)
  })

  test('is heard in safetensors of an architecture', () => {
    const { meaning: own } = networkFrom(tensors(srcnn()))
    expect(networkFrom(tensors(srcnn(), said)).meaning).toEqual({ ...own, ...meaning })
  })

  test.each([
    [{ 'Image.BitmapPixelFormat': 'Bgr8' }, { inRange: '0..255', channels: 'bgr' }],
    [{ 'Image.BitmapPixelFormat': 'Gray8' }, { inRange: '0..255', channels: 'gray' }],
    [
      { 'Image.NominalPixelRange': 'Normalized_1_1', 'Image.BitmapPixelFormat': 'Rgb8' },
      { inRange: '-1..1', channels: 'rgb' },
    ],
    [{ 'Image.NominalPixelRange': 'NominalRange_0_255', 'convo.in-range': '0..1' }, { inRange: '0..1' }],
    [{ 'Image.NominalPixelRange': 'NominalRange_16_235' }, undefined],
  ] as const)('is heard in the words of ONNX: %o', (metadata, expected) => {
    expect(networkFrom(onnxModel({ ...relu, metadata })).meaning).toEqual(expected)
  })

  test('is refused where convo does not know the word', () => {
    const bytes = onnxModel({ ...relu, metadata: { 'convo.in-range': '0..2' } })
    const { code, message, why, fix } = failure(() => networkFrom(bytes, { name: 'a.onnx' }))
    expect([code, message]).toEqual(['E_NET_FORMAT', 'a.onnx says convo.in-range "0..2" in its metadata'])
    expect(why).toEqual([
      'a.onnx: convo.in-range is one of 0..1, -1..1, 0..255, -128..127, 0..65535, imagenet',
    ])
    expect(fix).toBe('convo.in-range 0..1')
  })
})

describe('what is not read is named, with what is', () => {
  const text = (start: string) => Buffer.from(start.padEnd(64, '.'), 'latin1')
  test.each([
    ['a.h5', text('\x89HDF\r\n\x1a\n'), 'a.h5 is a Keras network in HDF5, which convo does not read'],
    ['a.tflite', text('....TFL3'), 'a.tflite is a TensorFlow Lite network, which convo does not read'],
    [
      'a.onnx',
      text('version https://git-lfs.github.com/spec/v1'),
      'a.onnx is a Git LFS pointer, not the file itself',
    ],
    ['a.onnx', text('<html>'), 'a.onnx is not an ONNX file, despite its name'],
    ['a.pth', text('<html>'), 'a.pth is not a file of torch.save, despite its name'],
    ['a.safetensors', text('<html>'), 'a.safetensors is not a .safetensors file, despite its name'],
    ['a.bin', text('\x01'), 'a.bin is without a description of the network'],
    ['a', text('hello'), 'a is not a network file that convo reads'],
    ['a.onnx', Buffer.alloc(0), 'a.onnx is empty'],
  ])('%s', (name, bytes, message) => {
    const error = failure(() => networkFrom(bytes, { name }))
    expect([error.code, error.message]).toEqual(['E_NET_FORMAT', message])
    expect(error.why).toEqual([`${name}: convo reads:`, ...networkFormats.map(({ summary }) => summary)])
  })

  test('and a value that is neither a path nor bytes', () => {
    const { code, message } = failure(() => networkFrom([1] as unknown as Uint8Array))
    expect([code, message]).toEqual(['E_ARGUMENT', 'a network is read from a path or a Uint8Array, got [1]'])
  })
})
