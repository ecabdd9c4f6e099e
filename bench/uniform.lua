-- Asks wrk for item pages drawn uniformly: numbers STEP, 2 STEP ... up to ITEMS.
local items, step = tonumber(os.getenv("ITEMS")), tonumber(os.getenv("STEP"))
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(args)
  math.randomseed(seed)
end

function request()
  return wrk.format("GET", "/c/mail/" .. step * math.random(1, math.floor(items / step)))
end
