import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadNet } from '../../src/index.ts'
import { builder, networkFrom } from '../../src/net/builder.ts'
import { writeNetwork } from '../../src/net/formats/safetensors.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { convo, scratch } from '../cli/convo.ts'
import { read, write } from '../cli/pictures.ts'

/** x · gain + level, where gain is one number and level one for each channel. */
function network() {
  const made = builder(['x', 'gain', 'level', 'y'])
  made.add('Add', [made.add('Mul', ['x', 'gain']), 'level'], {}, { outputs: ['y'] })
  return networkFrom(made, {
    format: 'onnx',
    name: 'strength',
    inputs: [
      { name: 'gain', shape: [1] },
      { name: 'x', shape: [1, 3, undefined, undefined] },
      { name: 'level', shape: ['n', 3, 1, 1] },
    ],
    outputs: [{ name: 'y', shape: undefined }],
    meaning: { inRange: '0..1' },
  })
}

describe('inputs beside the picture', () => {
  const folder = scratch()
  const run = (...words: string[]) => convo(words, { cwd: folder.path() })
  const data = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i * 6)
  beforeAll(async () => {
    writeFileSync(folder.path('net.safetensors'), writeNetwork(network()))
    await write(folder.path('in.png'), { width: 4, height: 3, channels: 3, data })
  })

  it('are numbers that --set gives by their names', async () => {
    const set = ['--set', 'gain=0.5,level=0.2']
    expect(await run('net', 'net.safetensors', 'in.png', 'a.png', ...set)).toMatchObject({ status: 0 })
    const wanted = [...data].map((v) => v * 0.5 + 51)
    expect([...(await read(folder.path('a.png'))).data]).toEqual(wanted)
    const chained = await run('chain', 'in.png', 'b.png', '--', 'net', 'net.safetensors', ...set)
    expect(chained).toMatchObject({ status: 0 })
    expect((await read(folder.path('b.png'))).data).toEqual((await read(folder.path('a.png'))).data)
    const batch = await run('batch', 'in.png', '-o', 'c-{stem}.png', '--', 'net', 'net.safetensors', ...set)
    expect(batch).toMatchObject({ status: 0 })
    expect((await read(folder.path('c-in.png'))).data).toEqual((await read(folder.path('a.png'))).data)
    expect((await run('net', 'info', 'net.safetensors', ...set)).stdout).toMatch(/^Mul /m)
  })

  it('are numbers of the option `set` in the library', async () => {
    const net = await loadNet(writeNetwork(network()), { set: { gain: 2, level: -1 } })
    const out = await net.run(new Tensor([3, 1, 1], Float32Array.of(1, 2, 3)))
    expect([...out.data]).toEqual([1, 3, 5])
    await expect(loadNet(writeNetwork(network()), { set: { gian: 2 } })).rejects.toThrow(/no input "gian"/)
    for (const set of [{ gain: Number.NaN }, { gain: null }, { gain: 'x' }, {}, 5] as unknown[] as {
      gain: number
    }[])
      await expect(loadNet(writeNetwork(network()), { set })).rejects.toThrow(
        /set must be names with numbers/,
      )
  })

  it.each([
    [
      [],
      /takes 3 inputs, and one picture is given[\s\S]*try: convo net net\.safetensors in\.png x\.png --set gain=0\.5,level=0\.5\n/,
    ],
    [['--set', 'gain'], /--set must be names with numbers, such as sigma=0\.1, got "gain"/],
    [['--set', 'gain=x'], /--set must be names with numbers/],
    [['--set', 'gian=1'], /the network has no input "gian"/],
    [['--set', 'gain=1,level=1,x=1'], /the input x \[.*\] of the network is a picture, not a number/],
    [['--set', 'gain=1,gain=2'], /--set must be names with numbers/],
  ])('%j is refused or asked for', async (words, message) => {
    const { status, stderr } = await run('net', 'net.safetensors', 'in.png', 'x.png', ...words)
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
  })
})
