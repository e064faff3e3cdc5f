// Opens the page of the gateway in a browser, gives it a token, executes a call there as a person would, and prints what came of it as JSON.
import { chromium } from 'playwright-core';
import { text } from 'node:stream/consumers';

const { url, token, browser: executablePath, operation, path, screenshot } = JSON.parse(await text(process.stdin));
// A container's root has no other sandbox than the container.
const browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
  const origin = new URL(url).origin;
  const elsewhere = [];
  const errors = [];
  page.on('request', (r) => { if (!r.url().startsWith(origin) && !r.url().startsWith('data:')) elsewhere.push(r.url()); });
  page.on('console', (m) => { if (m.type() === 'error') errors.push(m.text()); });
  page.on('pageerror', (e) => errors.push(String(e)));

  const opened = await page.goto(url);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  await page.getByLabel('auth-bearer-value').fill(token);
  await page.locator('.auth-btn-wrapper').getByRole('button', { name: /authorize|apply credentials/i }).click();
  await page.locator('.auth-btn-wrapper').getByRole('button', { name: 'Close' }).click();

  await page.locator('.opblock-tag', { hasText: operation.split('_')[0] }).first().click();
  const block = page.locator(`.opblock[id$="${operation}"]`);
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  for (const [name, value] of Object.entries(path)) await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  const answered = page.waitForResponse((r) => new URL(r.url()).pathname.startsWith('/v1/'));
  await block.getByRole('button', { name: 'Execute' }).click();
  const answer = await answered;
  const shown = await block.locator('.live-responses-table .highlight-code').first().innerText();
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  console.log(JSON.stringify({
    title: await page.title(), policy: opened.headers()['content-security-policy'], status: answer.status(), answer: await answer.json(), shown, elsewhere, errors,
  }));
} finally {
  await browser.close();
}
