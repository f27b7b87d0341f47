import { visible } from './visible.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may be in an element of XML or HTML. Control characters are shown; what XML cannot hold is U+FFFD. */
export const xmlText = (text: string): string =>
  visible(text)
    .replace(/[\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"']/g, (sign) => entities[sign]!)

/** Attributes of an element, each with a space before it. Those that are undefined are omitted. */
export const xmlAttributes = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join('')

/** A parser makes spaces of line ends and tabs in an attribute, unless they are written as numbers. */
const attribute = (text: string): string =>
  xmlText(text).replace(/[\t\n]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** A value as JSON inside a script element of HTML: no `<` may begin a tag or a comment there. */
export const scriptJson = (value: unknown): string =>
  visible(JSON.stringify(value)).replaceAll('<', '\\u003c')
