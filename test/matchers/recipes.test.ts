import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { project } from './project.ts'

// Tests docs/golden-checks.md and the action, exactly as written.

const root = fileURLToPath(new URL('../../', import.meta.url))
const guide = readFileSync(`${root}docs/golden-checks.md`, 'utf8')
const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Returns the blocks of a language in a section. */
function blocks(heading: string, language: string): string[] {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!
  return [...section.matchAll(new RegExp(`^\`\`\`${language}.*\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text!,
  )
}

const here = project({ 'package.json': '{ "private": true }' })
beforeAll(() => {
  mkdirSync(here.at('node_modules/.bin'), { recursive: true })
  symlinkSync('../convo/bin/convo.js', here.at('node_modules/.bin/convo'))
  symlinkSync('../@playwright/test/cli.js', here.at('node_modules/.bin/playwright'))
})

const plain = async (name: string, shade: number) => {
  mkdirSync(here.at(name.replace(/\/[^/]*$/, '')), { recursive: true })
  await sharp({ create: { width: 9, height: 7, channels: 3, background: { r: shade, g: 50, b: 9 } } })
    .png()
    .toFile(here.at(name))
}
const fresh = () => {
  for (const name of readdirSync(here.at()))
    if (!['node_modules', 'package.json'].includes(name))
      rmSync(here.at(name), { recursive: true, force: true })
}

describe('the recipes', () => {
  it('two folders', async () => {
    fresh()
    for (const side of ['expected', 'actual']) await plain(`${side}/a.png`, 10)
    await plain('expected/b.png', 10)
    await plain('actual/b.png', 20)
    const [compare = '', update = ''] = blocks('Two folders', 'sh')
    const first = await here.shell(compare)
    expect([first.status, existsSync(here.at('page/index.html'))], first.told).toEqual([1, true])
    expect((await here.shell(update)).status).toBe(0)
    expect((await here.shell(compare)).status).toBe(0)
  })

  it.skipIf(browser === undefined)('screenshots of Playwright, from failure to approval', async () => {
    fresh()
    const [config = ''] = blocks('Playwright', 'js')
    const launch = { executablePath: browser, args: ['--no-sandbox'] }
    here.write(
      'playwright.config.mjs',
      config.replace(/\n}\n$/, `\n  use: { launchOptions: ${JSON.stringify(launch)} },\n  workers: 1,\n}\n`),
    )
    here.write(
      'tests/pages.spec.ts',
      `import { expect, test } from '@playwright/test'
for (const [name, colour] of [['home', 'teal'], ['list', process.env.COLOUR ?? 'navy'], ['form', 'gold']]) {
  test(name, async ({ page }) => {
    await page.setViewportSize({ width: 200, height: 120 })
    await page.setContent(\`<body style="margin:0;background:\${colour}"><h1>\${name}</h1></body>\`)
    await expect(page).toHaveScreenshot(\`\${name}.png\`)
  })
}`,
    )
    const [init = '', take = '', approve = ''] = blocks('Playwright', 'sh')
    // the existing screenshots
    const own = await here.shell('npx playwright test --update-snapshots=all')
    expect(own.status, own.told).toBe(0)
    const adopted = await here.shell(init)
    expect(adopted.told).toContain('3 goldens of Playwright adopted in tests')
    const same = await here.shell(take)
    expect([same.status, /All 3 cases pass/.test(same.told)], same.told).toEqual([0, true])
    const other = await here.shell(take, { COLOUR: 'maroon' })
    expect([other.status, /1 of 3 cases failed: 1 changed, 2 pass/.test(other.told)], other.told).toEqual([
      1,
      true,
    ])
    expect(readdirSync(here.at('page/pictures')).length).toBeGreaterThanOrEqual(3)
    const approved = await here.shell(approve)
    expect([approved.status, approved.told], approved.told).toEqual([0, '1 golden written\n'])
    // now Playwright itself passes, and so does the next check
    const agreed = await here.shell('npx playwright test', { COLOUR: 'maroon' })
    expect(agreed.status, agreed.told).toBe(0)
    const [, check = ''] = take.trim().split('\n')
    expect((await here.shell(check)).status).toBe(0)
  })

  it('several machines and several manifests', async () => {
    fresh()
    for (const [i, folder] of ['packages/a', 'packages/b'].entries()) {
      await plain(`${folder}/x.png`, 10 * i)
      here.write(`${folder}/convo.check.yaml`, 'cases: [{name: x, actual: x.png}]\n')
    }
    const [many = ''] = blocks('Several manifests', 'sh')
    const run = await here.shell(many)
    expect(run.told).toMatch(/new +packages\/a\/x[\s\S]*new +packages\/b\/x/)
    expect((await here.shell('npx convo approve --new')).told).toBe('2 goldens written\n')
    expect((await here.shell(many)).status).toBe(0)
    here.write('convo.check.yaml', 'cases: [{name: "{dir}", actual: "packages/*/x.png"}]\n')
    const merged = await here.shell(blocks('Several machines', 'sh')[0]!)
    expect(
      [merged.status, merged.told.includes('page/index.html: 2 of 2 cases failed: 2 new')],
      merged.told,
    ).toEqual([1, true])
  })
})

type Step = { readonly run?: string; readonly uses?: string; readonly env?: Record<string, string> }

describe('the action for GitHub', () => {
  const { inputs, runs } = parse(readFileSync(`${root}.github/actions/convo/action.yml`, 'utf8')) as {
    inputs: Record<string, { default: string }>
    runs: { steps: readonly Step[] }
  }

  /** Runs the steps of the action as a server does. The artifact is every file in its folder that is not hidden. */
  async function onServer(): Promise<{ status: number | null; told: string; summary: string }> {
    const outputs: Record<string, string> = {}
    const filled = (text: string) =>
      text.replace(/\$\{\{ (inputs|steps\.convo\.outputs)\.([\w-]+) \}\}/g, (_, of: string, name: string) =>
        of === 'inputs' ? inputs[name]!.default : outputs[name]!,
      )
    let [status, told]: [number | null, string] = [0, '']
    for (const name of ['output', 'summary']) here.write(name, '')
    for (const { run, env = {} } of runs.steps) {
      if (run === undefined) continue
      const ended = await here.shell(filled(run), {
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_WORKSPACE: here.at(),
        GITHUB_OUTPUT: here.at('output'),
        GITHUB_STEP_SUMMARY: here.at('summary'),
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)])),
      })
      for (const line of readFileSync(here.at('output'), 'utf8').split('\n').filter(Boolean)) {
        const [name = '', value = ''] = line.split('=')
        outputs[name] = value
      }
      status = ended.status
      told += ended.told
    }
    return { status, told, summary: readFileSync(here.at('summary'), 'utf8') }
  }

  it('annotates, sums up, keeps a page, and its artifact is approved at home', async () => {
    fresh()
    await plain('shots/a.png', 10)
    await plain('shots/b.png', 10)
    here.write('convo.check.yaml', 'cases: [{name: "{stem}", actual: "shots/*.png"}]\n')
    expect((await here.shell('npx convo check --update')).status).toBe(0)
    const good = await onServer()
    expect(good.status, good.told).toBe(0)
    rmSync(here.at('convo'), { recursive: true })
    await plain('shots/b.png', 12)
    const failed = await onServer()
    expect(failed.status, failed.told).toBe(1)
    expect(failed.told).toContain('::error file=convo.check.yaml,line=1')
    expect(failed.summary).toContain('1 of 2 cases failed')
    expect(existsSync(here.at('convo/junit.xml'))).toBe(true)
    // an artifact does not contain hidden files
    cpSync(here.at('convo'), here.at('downloaded'), {
      recursive: true,
      filter: (path) => !/\/\.[^/]*$/.test(path),
    })
    rmSync(here.at('convo'), { recursive: true })
    cpSync(here.at('downloaded'), here.at('convo'), { recursive: true })
    const [approval = ''] = blocks('GitHub Actions', 'sh')
    const [download = '', approve = ''] = approval.trim().split('\n')
    expect(download).toBe(`gh run download --name ${inputs.artifact!.default} --dir convo`)
    const approved = await here.shell(approve)
    expect([approved.status, approved.told], approved.told).toEqual([0, '1 golden written\n'])
    expect((await here.shell('npx convo check')).status).toBe(0)
  })
})
