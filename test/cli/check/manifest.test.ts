import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { loadManifest } from '../../../src/golden/manifest.ts'
import { fillName, nameMatches, nameProblem, pathOfName } from '../../../src/golden/names.ts'
import { ownIgnore } from '../../../src/golden/results.ts'
import { repository } from './repository.ts'

const here = repository()

async function load(text: string, name = 'convo.check.yaml') {
  here.write(name, text)
  return loadManifest(here.path(name))
}

/** Returns the errors in a manifest, without the path of the folder. */
async function complaints(text: string, name?: string): Promise<string[]> {
  try {
    await load(text, name)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    expect(error.code).toBe('E_MANIFEST')
    return error.why.map((line) => line.replaceAll(`${here.path()}/`, ''))
  }
  throw new Error('the manifest was taken')
}

describe('a manifest', () => {
  it('fills names in from globs, in the order of the names of files', async () => {
    for (const name of ['b.png', 'a.png', 'deep/c.png', 'x.jpg']) here.write(`pictures/${name}`, '')
    const { cases } = await load(`cases:
  - { name: "{rel}/{op}-{stem}.{ext}", input: "pictures/**/*.png", run: [sobel] }
  - { name: "n{index:03}", input: [pictures/x.jpg, "pictures/?.png"], run: [box] }
`)
    expect(cases.map(({ name }) => name)).toEqual([
      ...['sobel-a.png', 'sobel-b.png', 'deep/sobel-c.png'],
      ...['n001', 'n002', 'n003'],
    ])
    expect(cases.map(({ input }) => input.replace(`${here.path()}/`, ''))).toEqual([
      ...['pictures/a.png', 'pictures/b.png', 'pictures/deep/c.png'],
      ...['pictures/x.jpg', 'pictures/a.png', 'pictures/b.png'],
    ])
  })

  it('means neither goldens nor results by globs, unless these lead to them', async () => {
    here.write('results/.gitignore', ownIgnore)
    for (const name of ['in/a.png', 'goldens/b/a.png', 'results/a/actual.png']) here.write(name, '')
    for (const [pattern, name] of [
      ['**/*.png', 'in/a'],
      ['goldens/**/*.png', 'b/a'],
      ['results/**/*.png', 'a/actual'],
    ] as const) {
      const { cases } = await load(`cases: [{ name: "x/{rel}/{stem}", actual: "${pattern}" }]`)
      expect(cases.map((one) => one.name)).toEqual([`x/${name}`])
    }
  })

  it('measures {rel} from the fixed part of a pattern, however that is spelled', async () => {
    here.write('pictures/deep/a.png', '')
    for (const start of ['pictures', './pictures', 'pictures/../pictures', here.path('pictures')]) {
      const { cases } = await load(`cases: [{ name: "x/{rel}/{stem}", actual: "${start}/**/*.png" }]`)
      expect(cases.map(({ name }) => name)).toEqual(['x/deep/a'])
    }
  })

  it('may be JSON, with the same complaints', async () => {
    here.write('a.png', '')
    const text = JSON.stringify({ cases: [{ name: 'a', input: 'a.png', run: ['sobel'] }] }, null, 2)
    expect((await load(text, 'm.json')).cases).toHaveLength(1)
    expect(await complaints(text.replace('"sobel"', '["sobel"]'), 'm.json')).toEqual([
      'm.json:7:9: cases[0].run[0] must be text or a number or true or false, got a list',
    ])
  })

  it('gives the tags of the defaults to cases that have none', async () => {
    here.write('a.png', '')
    const { cases } = await load(`defaults: { tags: [slow, wide] }
cases:
  - { name: a, actual: a.png }
  - { name: b, actual: a.png, tags: [fast] }
  - { name: c, actual: a.png, tags: [] }
`)
    expect(cases.map(({ tags }) => tags)).toEqual([['slow', 'wide'], ['fast'], []])
  })

  it('gives the tolerance of the defaults to cases that have none; exact takes it back', async () => {
    here.write('a.png', '')
    const { cases } = await load(`defaults: { tolerance: { max-abs: 2%, reason: many devices } }
cases:
  - { name: a, actual: a.png }
  - { name: b, actual: a.png, tolerance: exact }
  - { name: c, actual: a.png, tolerance: { ignore: [[0, 0, 8, 8], "8,8,1,1"], reason: a clock } }
`)
    expect(cases.map(({ tolerance }) => tolerance['max-abs'])).toEqual([
      { value: 2, unit: 'percent' },
      undefined,
      undefined,
    ])
    expect(cases.map(({ reason }) => reason)).toEqual(['many devices', undefined, 'a clock'])
    expect(cases[2]!.tolerance.ignore).toEqual([
      { x: 0, y: 0, width: 8, height: 8 },
      { x: 8, y: 8, width: 1, height: 1 },
    ])
  })

  it.each([
    ['', ['convo.check.yaml:1:1: it needs cases']],
    ['cases: []', ['convo.check.yaml:1:8: cases must have at least 1 entry, got 0']],
    ['cases: 3', ['convo.check.yaml:1:8: cases must be a list, got 3']],
    [
      'case: []',
      [
        'convo.check.yaml:1:1: the manifest needs cases',
        'convo.check.yaml:1:1: unknown key case; did you mean cases?',
      ],
    ],
    [
      'cases:\n  - name: a\n    inptu: a.png\n    run: [sobel]',
      ['convo.check.yaml:3:5: unknown key cases[0].inptu; did you mean input?'],
    ],
    [
      'tolerance: { max-abs: 1 }\ncases:\n  - name: a\n    input: a.png\n    run: [sobel]',
      ['convo.check.yaml:1:1: unknown key tolerance; did you mean defaults.tolerance?'],
    ],
    [
      'cases:\n  - name: a\n    input: a.png\n    run: [sobel]\n    tolerance: { reason: why, max-dif: 3 }',
      ['convo.check.yaml:5:31: unknown key cases[0].tolerance.max-dif; did you mean max-diff-pixels?'],
    ],
    ['cases:\n  - input: a.png\n    run: [sobel]', ['convo.check.yaml:2:5: cases[0] needs name']],
    [
      'cases:\n  - name: a\n    input: a.png',
      ['convo.check.yaml:2:5: a: needs one of run, chain and actual, got none'],
    ],
    [
      'cases:\n  - name: a\n    input: a.png\n    run: [sobel]\n    actual: a.png',
      ['convo.check.yaml:2:5: a: needs one of run, chain and actual, got run and actual'],
    ],
    ['cases:\n  - name: a\n    run: [sobel]', ['convo.check.yaml:2:5: a: needs an input for its operation']],
    [
      'cases:\n  - name: a\n    actual: a.png\n    tolerance: { max-abs: 1 }',
      ['convo.check.yaml:4:16: cases[0].tolerance needs reason'],
    ],
    [
      'cases:\n  - name: a\n    actual: a.png\n    tolerance: { max-abs: -1, reason: because }',
      ['convo.check.yaml:4:27: max-abs must be a number of levels of at least 0, or 0% to 100%, got -1'],
    ],
    [
      'cases:\n  - name: a\n    actual: a.png\n    tolerance: { max-abs: 0, reason: because }',
      ['convo.check.yaml:4:16: this tolerance allows nothing; remove it, or write exact'],
    ],
    [
      'cases:\n  - name: a\n    actual: a.png\n    tolerance: loose',
      ['convo.check.yaml:4:16: cases[0].tolerance must be exact or a mapping, got "loose"'],
    ],
    [
      'goldens: .\ncases:\n  - name: "{stem}"\n    actual: "*.png"',
      ['convo.check.yaml:3:11: a: its golden would be a.png itself, so it would always pass'],
    ],
    [
      'cases:\n  - name: a\n    actual: "*.gif"',
      [
        'convo.check.yaml:3:13: a: no file matches *.gif; a check compares existing pictures: make them first',
      ],
    ],
    [
      'cases:\n  - name: "{stem}"\n    inputs: ["q*.gif", "q*.gif"]\n    run: sobel',
      ['convo.check.yaml:3:13: {stem}: no file matches q*.gif'],
    ],
    [
      'cases:\n  - name: "{stm}"\n    actual: a.png',
      [
        'convo.check.yaml:2:11: there is no key {stm} for names of cases; {stm}: character 1; keys: {path} {rel} {dir} {stem} {ext} {index} {hash} {op}; try {stem}',
      ],
    ],
    [
      'cases:\n  - name: ../a\n    actual: a.png',
      [
        'convo.check.yaml:2:11: the name "../a" has an empty part, or a part made of dots, between its slashes',
      ],
    ],
    [
      'cases: [\n',
      [
        'convo.check.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    ['cases:\n  - name: a\n    name: b\n', ['convo.check.yaml:3:5: Map keys must be unique']],
    ['{"cases": [], "allow": [], "cases": []}', ['convo.check.yaml:1:28: Map keys must be unique']],
  ])('%j is refused with the place', async (text, expected) => {
    here.write('a.png', '')
    expect(await complaints(text)).toEqual(expected)
  })

  it('names both inputs of a name that is given twice, without regard to case', async () => {
    here.write('a.png', '')
    here.write('b.png', '')
    const [line] = await complaints(
      'cases:\n  - name: Same\n    actual: a.png\n  - name: same\n    actual: b.png\n',
    )
    expect(line).toMatch(
      /^convo\.check\.yaml:4:5: the name "same" of .*b\.png is already used by .*a\.png at convo\.check\.yaml:2:5$/,
    )
    const [glob] = await complaints('cases:\n  - name: same\n    actual: "?.png"\n')
    expect(glob).toMatch(/is already used by .*; \{stem\} in the name makes it different for each input$/)
  })
})

describe('names of cases', () => {
  it('become paths that every file system takes', () => {
    expect(pathOfName('a/b-1.x')).toBe('a/b-1.x')
    expect(pathOfName('<img onerror="x">')).toBe('%3Cimg onerror=%22x%22%3E')
    expect(pathOfName('100%/c:|?*\\')).toBe('100%25/c%3A%7C%3F%2A%5C')
    expect(pathOfName('dot./space ')).toBe('dot%2E/space%20')
  })

  it.each(['a//b', '/a', 'a/', '.', 'a/../b', 'a\nb', 'x'.repeat(201), ''])('%j is none', (name) => {
    expect(nameProblem(name)).toBeTypeOf('string')
  })

  it('are meant by patterns that hold stars', () => {
    expect(nameMatches('blur-a', 'blur-*')).toBe(true)
    expect(nameMatches('a/blur', '*blur')).toBe(true)
    expect(nameMatches('blur', 'blu')).toBe(false)
    expect(nameMatches('a.b', 'a?b')).toBe(false)
    expect(nameMatches('(x)', '(*)')).toBe(true)
    expect(nameMatches('a', 'a*a')).toBe(false)
    expect(nameMatches('abcb', 'a*b')).toBe(true)
    expect(nameMatches('x', '**')).toBe(true)
    // a regular expression would take forever
    expect(nameMatches('a'.repeat(200), `${'*a'.repeat(30)}b`)).toBe(false)
  })

  it('leave no slash where a folder is empty', () => {
    const fields = { path: 'a.png', base: '.', index: 1, operation: 'sobel' }
    expect(fillName('{rel}/{stem}', fields)).toBe('a')
    expect(fillName('x/{rel}/{stem}', { ...fields, path: 'p/q/a.png', base: 'p' })).toBe('x/q/a')
  })
})
