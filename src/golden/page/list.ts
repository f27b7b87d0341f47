import { shellWord } from '../../text/shell.ts'
import { visibleLine } from '../../text/visible.ts'
import { type Counts, type ReportCase, rankOf, type Status, statuses, statusSigns } from './data.ts'
import { h } from './dom.ts'

/** Which cases the list shows. */
export type Filter = { readonly statuses: ReadonlySet<string>; readonly text: string }

/** A decision about a case. */
export type Mark = 'approve' | 'reject'

/** The round sign of a status. */
export const statusDot = (status: Status): HTMLElement =>
  h('span', { class: `dot ${status}`, 'aria-hidden': 'true' }, statusSigns[status])

/** The buttons that choose statuses; those that do not occur are omitted. */
export const filterChips = (
  counts: Counts,
  chosen: ReadonlySet<string>,
  toggle: (status: string) => void,
): HTMLElement[] =>
  statuses
    .toReversed()
    .filter((status) => (counts[status] ?? 0) > 0)
    .map((status) =>
      h(
        'button',
        {
          class: `chip ${status}`,
          type: 'button',
          'aria-pressed': String(chosen.has(status)),
          'data-status': status,
          title: `show ${status} cases only`,
          onclick: () => toggle(status),
        },
        statusDot(status),
        `${counts[status]} ${status}`,
      ),
    )

/** Returns the cases that match a filter: failed ones first, and errors before changes before new ones. */
export function filtered(cases: readonly ReportCase[], { statuses, text }: Filter): ReportCase[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return cases
    .filter(({ status }) => statuses.size === 0 || statuses.has(status))
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .sort((a, b) => Number(b.failed) - Number(a.failed) || rankOf(a.status) - rankOf(b.status))
}

/** A line of the list. `thumbnail` is the square for its picture. */
export function caseItem(one: ReportCase, isCurrent: boolean, mark: Mark | undefined, select: () => void) {
  const thumbnail = h('span', { class: 'thumb' })
  const item = h(
    'li',
    {
      class: 'case',
      role: 'option',
      'aria-selected': String(isCurrent),
      'data-name': one.name,
      ...(mark !== undefined && { 'data-mark': mark }),
      onclick: select,
    },
    thumbnail,
    h(
      'span',
      { class: 'texts' },
      h('span', { class: 'name', title: one.name }, visibleLine(one.name)),
      h('span', { class: 'message' }, one.message),
    ),
    h('span', { class: 'end' }, mark === undefined ? statusDot(one.status) : markSign(mark)),
  )
  return { item, thumbnail }
}

const markSign = (mark: Mark): HTMLElement =>
  h(
    'span',
    { class: `mark ${mark}`, title: mark === 'approve' ? 'to approve' : 'rejected' },
    mark === 'approve' ? '✔' : '✘',
  )

/** The command that approves the marked cases, or else the current one; one command for each folder of results. */
export function commandText(
  all: readonly ReportCase[],
  marks: ReadonlyMap<string, Mark>,
  current: ReportCase | undefined,
): string {
  const chosen = all.filter(({ name }) => marks.get(name) === 'approve')
  const cases = marks.size > 0 || current === undefined ? chosen : [current]
  const commands = new Map<string, string[]>()
  for (const { name, approve } of cases) {
    if (approve !== undefined) commands.set(approve, [...(commands.get(approve) ?? []), shellWord(name)])
  }
  return [...commands].map(([command, names]) => `${command} ${names.join(' ')}`).join(' && ')
}
