/** Words of letters that follow from the seed; another seed gives other words. */
export function words(seed: number, count = 40): string[] {
  return Array.from({ length: count }, (_, index) => {
    let value = Math.imul(seed * 1000 + index + 1, 2_654_435_761) >>> 0;
    let word = "";
    for (let i = 0; i < 7; i++) {
      word += String.fromCharCode(97 + (value % 26));
      value = Math.floor(value / 26);
    }
    return word;
  });
}
