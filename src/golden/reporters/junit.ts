import { xmlAttributes, xmlText } from '../../text/xml.ts'
import { isEqual } from '../page/data.ts'
import type { CaseResult, Run } from '../results.ts'
import { detailsOf, type Reporter, selfTestLines, titleOf } from './reporter.ts'

/** JUnit XML, for CI servers. */
export const junit: Reporter = {
  summary: 'JUnit XML, for CI servers',
  async report(run, to) {
    const errors = run.cases.filter((one) => one.failed && one.status === 'error').length
    const counts = { tests: run.cases.length, failures: run.failed - errors, errors }
    const time = seconds(run.milliseconds)
    const text = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites${xmlAttributes({ name: titleOf(run), ...counts, time })}>`,
      `  <testsuite${xmlAttributes({ name: run.manifest.path, ...counts, skipped: 0, time })}>`,
      ...propertiesElement(run),
      ...run.cases.map((one) => caseElement(one, run)),
      '  </testsuite>',
      '</testsuites>',
    ]
    await to.write(`${text.join('\n')}\n`)
  },
}

/** The versions of the tools, and the result of the self-test. */
function propertiesElement(run: Run): string[] {
  const all = [
    ...Object.entries(run.tools),
    ...selfTestLines(run).map((line) => ['self-test', line.replace(/^self-test: /, '')] as const),
  ]
  return [
    '    <properties>',
    ...all.map(([name, value]) => `      <property${xmlAttributes({ name, value })}/>`),
    '    </properties>',
  ]
}

function caseElement(one: CaseResult, run: Run): string {
  const { name, status, message, failed, milliseconds, place, facts } = one
  const head = xmlAttributes({
    name,
    classname: titleOf(run),
    file: place?.file ?? run.manifest.path,
    line: place?.line,
    time: seconds(milliseconds),
  })
  const text = [...detailsOf(one), ...facts.map(([label, value]) => `${label}: ${value}`)].join('\n')
  if (failed) {
    const tag = status === 'error' ? 'error' : 'failure'
    return `    <testcase${head}><${tag}${xmlAttributes({ message, type: status })}>${xmlText(text)}</${tag}></testcase>`
  }
  if (isEqual(status)) return `    <testcase${head}/>`
  return `    <testcase${head}><system-out>${xmlText(`${status}: ${message}\n${text}`)}</system-out></testcase>`
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3)
