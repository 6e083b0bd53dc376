// Runs the examples of docs/clients.md, in their order, as one script: `node tools/clients.test.mjs URL`, or as a test with MINDFLOW_URL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const platform = process.argv[2] ?? process.env.MINDFLOW_URL;

test(
  'the examples of docs/clients.md do what the page says',
  { skip: platform ? false : 'MINDFLOW_URL names no platform' },
  () => {
    const page = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```js\n([\s\S]*?)```/gu)].map(([, example]) => example).join('\n');
    // An assertion of the page that does not hold fails.
    const script = `console.assert = (holds, ...said) => { if (!holds) throw new Error(said.join(' ') || 'an assertion does not hold'); };\n${examples}`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      // Whose packages they import.
      cwd: new URL('..', import.meta.url).pathname,
      env: { ...process.env, MINDFLOW_URL: platform },
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.equal(ran.status, 0, ran.stderr);
  },
);
