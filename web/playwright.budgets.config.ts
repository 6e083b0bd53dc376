import stories from './playwright.config';

/** Figures, which are printed and not judged: `npm run budgets`. Each is measured alone. */
export default {
  ...stories,
  testDir: 'budgets',
  workers: 1,
  timeout: 15 * 60_000,
  globalTimeout: 30 * 60_000,
  reporter: [['line']],
  projects: stories.projects?.filter(project => project.name === 'desktop'),
};
