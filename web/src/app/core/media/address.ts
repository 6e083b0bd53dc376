/** The address of an image with at most 1,600 pixels a side: `/display` before the signature. */
export function displayUrl(url: string): string {
  const [path, query] = url.split('?', 2);
  return query === undefined ? `${path}/display` : `${path}/display?${query}`;
}
