import stories from './playwright.config';

/** Figures, which are printed and not judged (`npm run budgets`), and the pictures of the README (`npm run pictures`). Each is made alone. */
export default {
  ...stories,
  testDir: 'budgets',
  workers: 1,
  timeout: 15 * 60_000,
  globalTimeout: 30 * 60_000,
  // Nothing is judged, so a slow machine may take its time.
  expect: { timeout: 60_000 },
  use: { ...stories.use, actionTimeout: 60_000, navigationTimeout: 120_000, serviceWorkers: 'allow' as const },
  reporter: [['line']],
  projects: stories.projects?.filter(project => project.name === 'desktop'),
};
