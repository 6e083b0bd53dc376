import core from './core.json';
import account from './account.json';
import timeline from './timeline.json';
import errors from './errors.json';

/** Texts of the first page and of what is shown on every page: a file a feature. */
export default {
  ...core,
  ...account,
  ...timeline,
  ...errors,
};
