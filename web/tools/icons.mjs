// Draws the icons of public/icons from icon.svg: `node tools/icons.mjs`, with Debian's chromium. The drawings are checked in.
import { readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';

const folder = new URL('../public/icons/', import.meta.url).pathname;
const drawing = readFileSync(`${folder}icon.svg`, 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.MINDFLOW_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();

for (const [name, size, isMaskable] of [
  ['icon-180', 180, true],
  ['icon-192', 192, false],
  ['icon-512', 512, false],
  ['icon-maskable-512', 512, true],
]) {
  // A mask cuts the corners: its drawing goes to the edges.
  const svg = isMaskable
    ? drawing
        .replace('rx="15"', '')
        .replace('viewBox="0 0 64 64"', 'viewBox="-6 -6 76 76"')
        .replace('<rect width="64" height="64"', '<rect x="-6" y="-6" width="76" height="76"')
    : drawing;
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({ path: `${folder}${name}.png`, omitBackground: true });
}
await browser.close();
