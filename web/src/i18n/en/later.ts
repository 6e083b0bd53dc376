import editor from './editor.json';
import calendar from './calendar.json';
import insights from './insights.json';
import search from './search.json';
import settings from './settings.json';
import media from './media.json';
import organise from './organise.json';
import history from './history.json';
import admin from './admin.json';
import jobs from './jobs.json';
import prompts from './prompts.json';

/** Texts of the pages behind the first one, which are loaded with the first of these: a file a feature. */
export default {
  ...editor,
  ...calendar,
  ...insights,
  ...search,
  ...settings,
  ...media,
  ...organise,
  ...history,
  ...admin,
  ...jobs,
  ...prompts,
};
