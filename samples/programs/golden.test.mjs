// A test of pictures against goldens, with the runner of Node: node --test samples/programs
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import convo, { compare } from 'convo'

const sample = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** Passes when the picture equals the golden within the tolerance; a golden that is not there yet is written. */
async function matchesGolden(picture, golden, tolerance = {}) {
  if (!existsSync(golden)) return writeFile(golden, picture)
  const { matches, toJSON } = await compare(golden, picture, tolerance)
  assert.ok(matches, JSON.stringify(toJSON()))
}

test('sharpening and its golden', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goldens-'))
  const golden = join(folder, 'sharpen.png')
  await matchesGolden(await convo(sample('scene.png')).sharpen().toBuffer(), golden)
  await matchesGolden(await convo(sample('scene.png'), { threads: 1 }).sharpen().toBuffer(), golden)
  await assert.rejects(matchesGolden(await convo(sample('scene.png')).box().toBuffer(), golden))
  await rm(folder, { recursive: true })
})

test('a blurred picture is a different one, and the difference is reported', async () => {
  const blurred = await convo(sample('scene.png')).gaussian({ sigma: 1 }).toBuffer()
  const { matches, pages } = await compare(sample('scene.png'), blurred)
  assert.equal(matches, false)
  assert.ok(pages[0].stats.psnr > 20)
})
