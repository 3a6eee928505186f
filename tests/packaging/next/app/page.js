'use client';

import { useEffect } from 'react';

import { check } from '../check.js';

export default function Page() {
  useEffect(() => {
    check().then(
      (said) => {
        document.body.dataset.said = said;
      },
      (error) => {
        document.body.dataset.said = `FAILED ${error.stack}`;
      },
    );
  }, []);
  return <p>tokenward</p>;
}
