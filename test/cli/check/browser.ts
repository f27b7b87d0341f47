import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const executable = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Whether there is a browser on this machine. */
export const hasBrowser = existsSync(executable)

/** Launches a headless Chromium without network access. */
export function launchBrowser(): Promise<Browser> {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath: executable, args: [...args, ...quiet] })
}

/** Waits until a page has drawn what it was told so far, however slow the machine is. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
}
