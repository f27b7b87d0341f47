import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { distFile } from '../../files/package.ts'
import { inTurns, pieceOf } from '../../host/turns.ts'
import { Verbatim } from '../../text/message.ts'
import { optional } from '../../text/record.ts'
import { scriptJson, xmlText } from '../../text/xml.ts'
import { pictureUnder } from '../files.ts'
import { isEqual, type ReportCase, type ReportData } from '../page/data.ts'
import { markup } from '../page/markup.ts'
import type { CaseResult, Run } from '../results.ts'
import type { Bring } from './pictures.ts'
import {
  type Approve,
  approveText,
  type Destination,
  detailsOf,
  type Reporter,
  selfTestLines,
  timeText,
  titleOf,
  verdictText,
} from './reporter.ts'

/** One page with everything in it. It works from disk without a network, and runs only its own script. */
export const html: Reporter = {
  summary: 'a self-contained page to inspect and approve pictures',
  file: 'report.html',
  async report(run, to) {
    const page = await reportPage(run, (file) => pictureUnder(to.results, file), to.approve, to)
    // already escaped; the script must still match its hash
    await to.write(new Verbatim(page))
  },
}

/** Browsers are slow to open a page with more bytes than this, before base64. */
const mostBytes = 192 * 2 ** 20
/** The share of those bytes for goldens of cases that pass, which are shown only for reference. */
const mostPassingBytes = 24 * 2 ** 20

/** The prefix of picture files beside the page, which no other program uses. */
const besideStart = 'pictures/convo-'

/**
 * Returns the report page of a run. PNGs that the page decodes itself are embedded unchanged. Other pictures are
 * converted, and floats keep all their bits. Of several pages, the one that the result describes is shown. Cases that
 * pass show their golden if the report is a folder, or with `passing` on one page while there is room.
 */
export async function reportPage(
  run: Run,
  bring: Bring,
  approve: Approve,
  { beside, passing = false }: Pick<Destination, 'beside' | 'passing'> = {},
): Promise<string> {
  // the code that decodes and encodes, which other reports do not need
  const { goldenOf, picturesOf } = await import('./pictures.ts')
  const pictures: string[] = []
  let count = 0
  const embed = async (bytes: Uint8Array | undefined): Promise<number | undefined> => {
    if (bytes === undefined) return undefined
    const text = await base64Of(bytes)
    if (beside === undefined) pictures.push(text)
    else await beside(`${besideStart}${count}.js`, `(window.convoPictures??={})[${count}]="${text}"\n`)
    return count++
  }
  const isOnePage = beside === undefined
  let room = isOnePage ? mostBytes : Number.POSITIVE_INFINITY
  let passingRoom = !isOnePage ? Number.POSITIVE_INFINITY : passing ? mostPassingBytes : 0
  const cases: ReportCase[] = []
  for (const one of run.cases) {
    if (isEqual(one.status)) {
      const golden = passingRoom > 0 ? await goldenOf(one, run) : undefined
      const fits = golden !== undefined && golden.bytes.length <= passingRoom
      if (fits) passingRoom -= golden.bytes.length
      cases.push({
        ...caseData(one, approve),
        ...(fits && { expected: (await embed(golden.bytes))!, ...optional('stretch', golden.stretch) }),
      })
      continue
    }
    const { expected, actual, difference, stretch } = room > 0 ? await picturesOf(one, bring) : {}
    const isLeftOut = room <= 0 && (one.expected !== undefined || one.actual !== undefined)
    room -= [expected, actual, difference].reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)
    cases.push({
      ...caseData(one, approve),
      ...optional('expected', await embed(expected)),
      ...optional('actual', await embed(actual)),
      ...(difference !== undefined && {
        difference: { ...one.difference!, picture: (await embed(difference))! },
      }),
      ...optional('stretch', stretch),
      ...(isLeftOut && { unshown: 'Not included, to keep the page small. The pictures are in the results.' }),
    })
  }
  // removes the rest of an earlier page that had more pictures
  while (await beside?.(`${besideStart}${count}.js`)) count++
  return document({ ...dataOf(run, cases), ...(!isOnePage && { beside: besideStart }) }, pictures)
}

function dataOf(run: Run, cases: readonly ReportCase[]): ReportData {
  const { convo, libvips } = run.tools
  return {
    title: `${titleOf(run)}: ${verdictText(run)}`,
    verdict: verdictText(run),
    failed: run.failed,
    about: [
      run.manifest.path,
      `convo ${convo}`,
      ...(libvips === undefined ? [] : [`libvips ${libvips}`]),
      timeText(run.milliseconds),
      ...selfTestLines(run),
    ],
    counts: run.counts,
    ...optional('links', run.links),
    ...optional('accept', run.source === 'folders' ? approveText(run, undefined) : undefined),
    cases,
  }
}

function caseData(one: CaseResult, approve: Approve): ReportCase {
  const { name, status, failed, message, facts, command } = one
  return {
    name,
    status,
    failed,
    message,
    why: detailsOf(one),
    facts: [
      ...facts,
      ...(one.tags === undefined ? [] : [['tags', one.tags.join(', ')] as const]),
      ...(one.milliseconds > 0 ? [['time', timeText(one.milliseconds)] as const] : []),
      ...(command === undefined ? [] : [['made by', command] as const]),
    ],
    ...(one.approval !== undefined && approve !== undefined && { approve: approve(one) }),
  }
}

/** Bytes as base64, in pieces whose bytes are a multiple of three. */
async function base64Of(bytes: Uint8Array): Promise<string> {
  let text = ''
  await inTurns(
    bytes.length,
    (from, to) => {
      text += Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('base64')
    },
    3 * pieceOf,
  )
  return text
}

function document(data: ReportData, pictures: readonly string[]): string {
  const [script, style] = ['report.js', 'report-style.css'].map((name) =>
    readFileSync(distFile(name), 'utf8').trim(),
  )
  const hash = createHash('sha256').update(script!).digest('base64')
  const policy = `default-src 'none'; script-src 'sha256-${hash}'${data.beside === undefined ? '' : " 'self'"}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${xmlText(data.title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    `<body>${markup}`,
    `<script type="application/json" id="data">${scriptJson(data)}</script>`,
    ...pictures.map(
      (base64, i) => `<script type="application/octet-stream" id="picture-${i}">${base64}</script>`,
    ),
    `<script>${script}</script>`,
    '</body>',
    '</html>',
  ]
  // one line at a time: `join` would copy all pictures at once
  return lines.reduce((page, line) => `${page}${line}\n`, '')
}
