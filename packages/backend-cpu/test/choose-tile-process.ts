// Chooses a tile in a process of its own and prints it. Arguments: the cache folder, and the time at which to begin.
import { tileName } from "../src/kernels/product/tile-family.ts";
import { chooseTile } from "../src/tuning/choose-tile.ts";

const [folder, begin] = process.argv.slice(2) as [string, string];
while (Date.now() < Number(begin));
process.stdout.write(tileName(chooseTile({ wide: false, relaxedSimd: true, folder })));
