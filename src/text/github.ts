import { visible } from './visible.ts'

/** Returns an error annotation that GitHub's runner reads from a log, on one line. */
export function annotation(properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(value)}`)
  return `::error ${list.join(',')}::${escapedData(message)}`
}

// as in GitHub's own toolkit
const escapedData = (text: string): string =>
  visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const escapedProperty = (text: string): string =>
  escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
