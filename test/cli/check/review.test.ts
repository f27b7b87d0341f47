import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CaseResult } from '../../../src/golden/results.ts'
import { reviewCases, type Terminal } from '../../../src/golden/review.ts'
import { written } from '../../../src/text/message.ts'
import { launcher } from '../convo.ts'
import { repository, stripes } from './repository.ts'

const here = repository()

/** Makes the escape characters in a text visible. */
const visible = (text: string): string => text.replaceAll('\x1b', '␛')

const changed = (name: string): CaseResult => ({
  name,
  status: 'changed',
  failed: true,
  message: `${name} differs`,
  why: [],
  facts: [],
  expected: `${name}/expected.png`,
  actual: `${name}/actual.png`,
  diff: `${name}/diff.png`,
  approval: { golden: { path: `goldens/${name}.png` }, inputs: [] },
  milliseconds: 1,
})

/** Simulates a terminal with these key presses. */
function terminal(keys: string[]): Terminal & { text: string; opened: string[] } {
  return {
    text: '',
    opened: [],
    write(text) {
      this.text += written(text)
    },
    key: async () => keys.shift() ?? 'q',
    preview: async (file) => `<${file}>\n`,
    open(files) {
      this.opened.push(...files)
    },
  }
}

describe('a review', () => {
  const cases = ['a', 'b', 'c', 'd'].map(changed)

  it('collects what is approved, rejected and skipped; other keys do nothing', async () => {
    const screen = terminal(['a', 'x', 'r', 's', 'a'])
    expect(await reviewCases(cases, 'out', screen)).toEqual({
      approved: ['a', 'd'],
      rejected: ['b'],
      skipped: ['c'],
    })
    expect(screen.text).toContain('2/4  ≠ changed  b\n    b differs\n')
    expect(screen.text).toContain('<out/b/diff.png>')
  })

  it('keeps what was decided before quitting', async () => {
    expect(await reviewCases(cases, 'out', terminal(['a', 'q']))).toEqual({
      approved: ['a'],
      rejected: [],
      skipped: [],
    })
  })

  it('opens the pictures of the case, and asks again', async () => {
    const screen = terminal(['v', 'r', 'q'])
    expect((await reviewCases(cases, 'out', screen)).rejected).toEqual(['a'])
    expect(screen.opened).toEqual(['out/a/expected.png', 'out/a/actual.png', 'out/a/diff.png'])
  })

  it('decides nothing when it is broken off', async () => {
    await expect(reviewCases(cases, 'out', terminal(['a', 'ctrl-c']))).rejects.toThrow('nothing was written')
  })
})

describe('convo review', () => {
  async function twoChanged(): Promise<void> {
    const manifest = (sigma: number) =>
      `cases: [{name: "{stem}", input: in/*.png, run: [gaussian, --sigma, ${sigma}]}]\n`
    for (const name of ['a', 'b']) here.write(`in/${name}.png`, stripes(16, name.charCodeAt(0)))
    here.write('convo.check.yaml', manifest(1))
    await here.convo(['check', '--update'])
    here.write('convo.check.yaml', manifest(2))
    await here.convo(['check'])
  }

  it('needs a terminal', async () => {
    await twoChanged()
    const run = await here.convo(['review'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('review needs a terminal')
    const fix = / try: convo (.*)/.exec(run.stderr)![1]!.split(' ')
    expect((await here.convo(fix)).stderr).not.toContain('error:')
  })

  it('has nothing to do where all cases pass', async () => {
    await twoChanged()
    await here.convo(['approve', '--all'])
    await here.convo(['check'])
    expect(await here.convo(['review'])).toMatchObject({ status: 0, stdout: 'nothing to review\n' })
  })

  it.skipIf(!existsSync('/usr/bin/script'))(
    'approves one and rejects one at a real terminal, with a preview of half blocks',
    async () => {
      await twoChanged()
      const made = here.read('.convo/check/a/actual.png')
      const golden = here.read('goldens/b.png')
      const { status, text } = await atTerminal(['a', 'r'])
      expect(text).toContain('1/2  ≠ changed  a')
      expect(visible(text)).toMatch(/␛\[38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m▀/)
      expect(text).toContain('1 golden written; 1 rejected: b')
      expect(status).toBe(1)
      expect(here.read('goldens/a.png').equals(made)).toBe(true)
      expect(here.read('goldens/b.png').equals(golden)).toBe(true)
      await here.convo(['check'])
      expect(here.statuses()).toEqual({ a: 'pass', b: 'changed' })
    },
  )

  /** Runs a review in a pseudo-terminal, and presses each key when its question appears. */
  function atTerminal(keys: string[]): Promise<{ status: number | null; text: string }> {
    const env = { ...process.env, NO_COLOR: '', TERM: 'xterm-256color', COLORTERM: 'truecolor' }
    const line = `"${process.execPath}" "${launcher}" review`
    const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: here.path(), env })
    let text = ''
    let asked = 0
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      while (text.split('[q]uit ').length - 1 > asked) child.stdin.write(keys[asked++] ?? 'q')
    })
    return new Promise((done) => child.on('close', (status) => done({ status, text })))
  }
})
