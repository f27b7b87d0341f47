import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { filters } from '../src/filters/table.ts'
import { convo, scratch } from './cli/convo.ts'

// convo checks itself: runs samples/convo.check.yaml on the small samples, and compares every sample with test/golden.
// `node bin/convo.js check samples/convo.check.yaml --update` writes the goldens again. After a failure, the actual and
// expected pictures and their differences are in the folder that the message names.

const manifest = fileURLToPath(new URL('../samples/convo.check.yaml', import.meta.url))
const here = scratch()

describe('the pictures that convo makes', () => {
  test('equal their goldens, as JUnit and HTML tell', async () => {
    const [junit, html] = [here.path('junit.xml'), here.path('report.html')]
    const reporters = ['pretty', `junit=${junit}`, `html=${html}`].flatMap((r) => ['--reporter', r])
    const run = await convo(['check', manifest, '--results', here.path('results'), ...reporters])
    expect(run.stdout + run.stderr).toMatch(/All \d+ cases pass/)
    expect(run.status).toBe(0)
    expect(readFileSync(junit, 'utf8')).toMatch(/failures="0"/)
    expect(existsSync(html)).toBe(true)
  })

  test('would be missed if they differed by one level', async () => {
    const run = await convo(['check', manifest, '--results', here.path('self'), '--self-test'])
    const [, count] = /All (\d+) cases pass/.exec(run.stdout + run.stderr) ?? []
    expect(run.stdout).toContain(`self-test: a change just beyond the tolerance is noticed in ${count} cases`)
    expect(run.status).toBe(0)
  })

  test('fail the check, and are told in both reports, where a filter is off by a rounding', async () => {
    const samples = relative(here.path(), dirname(manifest))
    const off = here.path('off.check.yaml')
    const text = readFileSync(manifest, 'utf8')
      .replace('run: [gaussian]', 'run: [gaussian, --scale, 1.002]')
      .replace(/\.\.\/(?=test|kernels)/g, `${samples}/../`)
      .replaceAll('small/', `${samples}/small/`)
    writeFileSync(off, text)
    const [junit, html] = [here.path('off.xml'), here.path('off.html')]
    const reporters = ['pretty', `junit=${junit}`, `html=${html}`].flatMap((r) => ['--reporter', r])
    const run = await convo(['check', off, '--self-test', '--results', here.path('off'), ...reporters])
    expect(run.status).toBe(1)
    expect(run.stdout).toMatch(/1 of \d+ cases failed: 1 changed, \d+ pass;/)
    expect(readFileSync(junit, 'utf8')).toMatch(
      /failures="1"[\s\S]*name="filter\/gaussian-colour"[^>]*><failure message="[\d,]+ of 6,912 pixels differ/,
    )
    expect(readFileSync(html, 'utf8')).toMatch(/1 of \d+ cases failed/)
  })

  test('include every named filter', () => {
    const text = readFileSync(manifest, 'utf8')
    for (const name of Object.keys(filters)) expect(text).toContain(`name: filter/${name}-{stem}`)
  })
})
