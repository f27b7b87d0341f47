import { describe, expect, it, vi } from 'vitest'
import { type Contestant, contest } from './contest.ts'
import { findPeers } from './peers/index.ts'
import { parseProblem } from './problem.ts'
import { suites } from './suites.ts'

describe('problems', () => {
  it('says what each string means', () => {
    expect(parseProblem('conv2d 5x5 f32 gray 64x48 direct threads=1,2')).toMatchObject({
      ...{ kind: 'picture', side: 5, samples: 'f32', channels: 1, width: 64, height: 48 },
      ...{ algorithm: 'direct', threads: 2, against: 1 },
    })
    expect(parseProblem('bank 64x56x56 32f 3x3 s2 g4 transposed')).toMatchObject({
      ...{ kind: 'bank', shape: [64, 56, 56], filters: 32, side: 3, stride: 2, groups: 4 },
      ...{ transposed: true, threads: 1 },
    })
    expect(parseProblem('process conv2d 7x7 photo')).toMatchObject({
      kind: 'process',
      side: 7,
      picture: 'photo',
    })
    expect(parseProblem('process gaussian sigma=5 photo')).toMatchObject({ settings: { sigma: 5 } })
  })

  it('refuses what means nothing, with the word', () => {
    expect(() => parseProblem('conv2d 5x5 u8 rgb blue 64x48')).toThrow('blue means nothing here')
    expect(() => parseProblem('sobel u8 rgb')).toThrow('no size')
    expect(() => parseProblem('process sobel')).toThrow('which picture?')
  })

  it.each(Object.values(suites).flat())('%s', (text) => {
    expect(parseProblem(text).text).toBe(text)
  })
})

it('leaves out a peer that fails, with a reason, and ends where convo fails', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const good: Contestant = { name: 'good', run: async () => 30, close: async () => undefined }
  const bad: Contestant = { ...good, name: 'bad', run: () => Promise.reject(new Error('no encoder')) }
  const problem = parseProblem('process sobel photo')
  const rows = await contest(problem, [good, bad, { ...good, name: 'third' }], 1, 60)
  expect(rows.map(({ name }) => name)).toEqual(['good', 'third'])
  expect(said).toHaveBeenCalledWith('process sobel photo: without bad: no encoder')
  await expect(contest(problem, [bad, good], 1, 60)).rejects.toThrow('no encoder')
  said.mockRestore()
})

it('runs all in turn and compares with the first, round by round', async () => {
  const turns: string[] = []
  const takes = (name: string, ms: readonly number[], result: readonly number[]): Contestant => {
    let round = 0
    return {
      name,
      run: async () => {
        turns.push(name)
        return ms[round++]!
      },
      probe: async () => result,
      close: async () => undefined,
    }
  }
  const problem = parseProblem('sobel u8 rgb 64x48')
  const rows = await contest(
    problem,
    [takes('a', [99, 20, 40, 100], [0, 10]), takes('b', [99, 60, 80, 100], [1, 10])],
    3,
    60,
  )
  expect(turns.join('')).toBe('abababab')
  expect(rows.map(({ ms, least, ratio }) => [ms, least, ratio])).toEqual([
    [40, 20, 1],
    [80, 60, 2],
  ])
  expect(rows[1]!.apart).toBe(0.1)
})

it('tells what is not there, and what to install', async () => {
  const { peers, missing } = await findPeers({ packages: undefined, python: '/nowhere/python3' }, undefined)
  expect(peers.map((p) => p.name)).toContainEqual(expect.stringMatching(/^sharp \d/))
  for (const name of ['OpenCV', 'opencv-js', 'tfjs-wasm', 'onnxruntime-node'])
    expect(missing).toContainEqual(expect.stringMatching(new RegExp(`^${name}: .*(install|python)`)))
})
