import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nearFile } from '../../src/files/read.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-near-'))
  mkdirSync(join(folder, 'scenes'))
  mkdirSync(join(folder, 'pictures.png'))
  for (const name of ['scenes/hill.png', 'cafe\u0301.png']) writeFileSync(join(folder, name), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  ['scene/hil.png', 'scenes/hill.png'],
  ['sceens', 'scenes'],
  ['caf\u00e9.png', 'cafe\u0301.png'],
])('%j leads to %j', (asked, found) => {
  expect(nearFile(join(folder, asked))).toEqual({ instead: [join(folder, asked), join(folder, found)] })
})

it('a folder is not suggested for a file', () => {
  expect(nearFile(join(folder, 'picture.png'))).toEqual({ fix: `ls ${folder}` })
})

it('nothing near: the folder to look into, or the one above it', () => {
  expect(nearFile(join(folder, 'scenes/0123456789.png'))).toEqual({ fix: `ls ${folder}/scenes` })
  expect(nearFile(join(folder, 'xyzzyx/0123456789.png'))).toEqual({ fix: `ls ${folder}` })
  expect(nearFile('0123456789/0123456789.png')).toEqual({ fix: 'ls .' })
})
