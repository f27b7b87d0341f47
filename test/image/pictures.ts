import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, expect } from 'vitest'
import { ConvoError, type ErrorCode } from '../../src/error.ts'
import type { Picture, Samples } from '../../src/tensor/picture.ts'

/** The folder of reference data next to the project, which not every copy has. */
export const shared: string = fileURLToPath(new URL('../../../shared', import.meta.url))
export const hasShared: boolean = existsSync(join(shared, 'pngsuite/pixels.json'))

/** Creates a folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'convo-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Makes a picture from samples. */
export function picture(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16,
  sample: (i: number) => number,
): Picture {
  const data: Samples = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  for (let i = 0; i < data.length; i++) data[i] = sample(i)
  return { width, height, channels, depth, data, meta: {} }
}

/** Expects a ConvoError with a code, and returns it to check its text. */
export async function failure(code: ErrorCode, act: () => unknown): Promise<ConvoError> {
  try {
    await act()
  } catch (error) {
    expect(error).toBeInstanceOf(ConvoError)
    expect((error as ConvoError).code).toBe(code)
    return error as ConvoError
  }
  return expect.unreachable(`expected ${code}`)
}

/** Returns a real RGB profile other than sRGB: the one of P3 that comes with sharp. */
export async function wideProfile(): Promise<Uint8Array> {
  const input = { create: { width: 1, height: 1, channels: 3 as const, background: '#000' } }
  const { icc } = await sharp(await sharp(input).withIccProfile('p3').png().toBuffer()).metadata()
  return new Uint8Array(icc!)
}

/** Returns 16-bit numbers without a pattern. */
export const noise = (i: number): number => (Math.imul(i + 1, 2654435761) >>> 13) & 0xffff

/** A small picture that is smooth with a little noise, like a photograph. */
export const photo: Picture = picture(48, 32, 3, 8, (i) => 100 + 80 * Math.sin(i / 50) + (noise(i) & 7))
