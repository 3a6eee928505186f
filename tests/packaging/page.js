import { check } from './check.js';

check().then(
  (said) => {
    document.body.dataset.said = said;
  },
  (error) => {
    document.body.dataset.said = `FAILED ${error.stack}`;
  },
);
