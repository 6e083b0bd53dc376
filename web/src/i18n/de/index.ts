import core from './core.json';
import account from './account.json';
import timeline from './timeline.json';
import editor from './editor.json';
import calendar from './calendar.json';
import insights from './insights.json';
import search from './search.json';
import settings from './settings.json';
import media from './media.json';
import organise from './organise.json';
import history from './history.json';
import admin from './admin.json';
import errors from './errors.json';

/** A file a feature. */
export default {
  ...core,
  ...account,
  ...timeline,
  ...editor,
  ...calendar,
  ...insights,
  ...search,
  ...settings,
  ...media,
  ...organise,
  ...history,
  ...admin,
  ...errors,
};
