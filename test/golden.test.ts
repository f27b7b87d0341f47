import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { filters } from '../src/filters/table.ts'
import { convo, scratch } from './cli/convo.ts'

// convo checks itself: samples/convo.check.yaml over the small samples, against test/golden, sample for sample.
// `node bin/convo.js check samples/convo.check.yaml --update` writes the goldens anew; after a failure the pictures that
// were made, those that were expected and the differences lie in the folder that the message names.

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
    expect(run.stdout + run.stderr).toMatch(/All \d+ cases pass/)
    expect(run.status).toBe(0)
  })

  test('include every named filter', () => {
    const text = readFileSync(manifest, 'utf8')
    for (const name of Object.keys(filters)) expect(text).toContain(`name: filter/${name}-{stem}`)
  })
})
