import { relative, resolve } from 'node:path'
import { appendTo } from '../../files/change.ts'
import { annotation } from '../../text/github.ts'
import { Verbatim } from '../../text/message.ts'
import type { CaseResult } from '../results.ts'
import { markdownOf } from './markdown.ts'
import { detailsOf, type Reporter } from './reporter.ts'

/** Annotations at the cases of the manifest, and a step summary if GitHub names a file for it. */
export const github: Reporter = {
  summary: 'annotations and step summary of GitHub Actions; used there automatically',
  async report(run, to) {
    const root = to.env.GITHUB_WORKSPACE
    const lines = run.cases.filter(({ failed }) => failed).map((one) => annotationOf(one, root))
    if (lines.length > 0) await to.write(new Verbatim(`${lines.join('\n')}\n`))
    const summary = to.env.GITHUB_STEP_SUMMARY
    if (summary !== undefined && summary !== '') appendTo(summary, markdownOf(run, to.approve))
  },
}

/** GitHub expects paths relative to the root of the repository, whatever folder the step runs in. */
const fromRoot = (file: string, root: string | undefined): string => {
  const path = root === undefined || root === '' ? file : relative(root, resolve(file))
  return path.startsWith('..') ? file : path.replaceAll('\\', '/')
}

function annotationOf(one: CaseResult, root: string | undefined): string {
  const { name, status, message, place } = one
  const properties = {
    ...(place !== undefined && {
      file: fromRoot(place.file, root),
      line: String(place.line),
      col: String(place.column),
    }),
    title: `${status}: ${name}`,
  }
  return annotation(properties, [message, ...detailsOf(one)].join('\n'))
}
