import jobs from './jobs.json';
import prompts from './prompts.json';

/** Of few pages; a chunk that is loaded with these. */
export default {
  ...jobs,
  ...prompts,
};
