import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError } from '../../../error.ts'
import { encode } from '../../../image/codec.ts'
import { probe } from '../../../image/probe.ts'
import { distFile } from '../../../run/engine.ts'
import { hasAlpha, type Picture } from '../../../tensor/picture.ts'
import { bytesIfThere, loadPages } from '../files.ts'
import { optional } from '../judge.ts'
import type { ReportCase, ReportData } from '../page/data.ts'
import { markup } from '../page/markup.ts'
import type { CaseResult, Run } from '../results.ts'
import type { Reporter } from './reporter.ts'
import { detailsOf, selfTestLines, timeText, verdictText } from './summary.ts'

/** One page that holds everything: it works from disk, without a network, and runs nothing but its own script. */
export const html: Reporter = {
  summary: 'one self-contained page to look at the pictures and decide',
  file: 'report.html',
  async report(run, to) {
    await to.write(await reportPage(run, (file) => bytesIfThere(join(to.results, file)), to.approve))
  },
}

/** Base64 beyond this makes a page that browsers are slow to open. */
const mostPictureBytes = 192 * 2 ** 20

/**
 * The report of a run. `picture` brings the bytes of a picture of the run. Pictures are embedded as they are where they
 * are PNGs that the page decodes itself, to the last bit; others are converted.
 */
export async function reportPage(
  run: Run,
  picture: (file: string, one: CaseResult) => Promise<Uint8Array | undefined>,
  approve: string,
): Promise<string> {
  const pictures: string[] = []
  let room = mostPictureBytes
  const embed = async (file: string | undefined, one: CaseResult): Promise<number | undefined> => {
    const bytes = file === undefined ? undefined : await picture(file, one)
    const png = bytes && (await asPng(bytes, file!))
    if (png === undefined) return undefined
    room -= png.length
    return pictures.push(Buffer.from(png).toString('base64')) - 1
  }
  const cases: ReportCase[] = []
  for (const one of run.cases) {
    const hasRoom = room > 0
    const expected = hasRoom ? await embed(one.expected, one) : undefined
    const actual = hasRoom ? await embed(one.actual, one) : undefined
    const isLeftOut = !hasRoom && (one.expected !== undefined || one.actual !== undefined)
    cases.push({
      ...caseData(one),
      ...optional('expected', expected),
      ...optional('actual', actual),
      ...(isLeftOut && {
        unshown: 'Left out: the pictures before it fill the page. They are in the results.',
      }),
    })
  }
  return document(dataOf(run, cases, approve), pictures)
}

function dataOf(run: Run, cases: readonly ReportCase[], approve: string): ReportData {
  const { convo, libvips } = run.tools
  return {
    title: `convo check: ${verdictText(run)}`,
    verdict: verdictText(run),
    failed: run.failed,
    about: [
      run.manifest.path,
      `convo ${convo}`,
      `libvips ${libvips}`,
      timeText(run.milliseconds),
      ...selfTestLines(run),
    ],
    approve,
    counts: run.counts,
    cases,
  }
}

function caseData(one: CaseResult): ReportCase {
  const { name, status, failed, message, facts, command } = one
  return {
    name,
    status,
    failed,
    message,
    why: detailsOf(one),
    facts: [...facts, ...(command === undefined ? [] : [['made by', command] as const])],
    approvable: one.approval !== undefined,
  }
}

/** A PNG as the page decodes it: 8 or 16 bits, no palette, not interlaced. Nothing for what cannot be decoded. */
async function asPng(bytes: Uint8Array, file: string): Promise<Uint8Array | undefined> {
  try {
    const { png } = probe(bytes, file)
    const isPlain = png !== undefined && !png.interlaced && png.bits >= 8 && png.colourType !== 3
    // A transparent colour is an alpha channel that the page would not see.
    if (isPlain && png.channels === channelsOf[png.colourType]) return bytes
    const [page] = await loadPages(bytes, file)
    return page && (await encode(shown(page), 'png', { compression: 6 })).bytes
  } catch (error) {
    if (error instanceof ConvoError) return undefined
    throw error
  }
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 }

/** Floats as 8 bits: within 0..255 as they are, others stretched. */
function shown(page: Picture): Picture {
  if (page.depth !== 32) return page
  const colours = hasAlpha(page.channels) ? page.channels - 1 : page.channels
  let [low, high] = [0, 255]
  page.data.forEach((value, i) => {
    if (i % page.channels >= colours || !Number.isFinite(value)) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  })
  const data = Uint8Array.from(page.data, (value) => Math.round(((value - low) / (high - low)) * 255))
  return { ...page, depth: 8, data }
}

function document(data: ReportData, pictures: readonly string[]): string {
  const [script, style] = ['report.js', 'report-style.css'].map((name) =>
    readFileSync(distFile(name), 'utf8').trim(),
  )
  const hash = createHash('sha256').update(script!).digest('base64')
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`
  const embedded = pictures.map(
    (base64, i) => `<script type="application/octet-stream" id="picture-${i}">${base64}</script>`,
  )
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(data.title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    `<body>${markup}`,
    `<script type="application/json" id="data">${escapeScript(JSON.stringify(data))}</script>`,
    ...embedded,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** JSON inside a script element: no `<` may begin a tag or a comment there. */
const escapeScript = (json: string): string =>
  json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
