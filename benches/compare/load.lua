-- Posts the bodies of a file, a line each, in a circle: wrk -s load.lua URL -- FILE SKIPPED CHECKED
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  requests, wrong, complaint = {}, 0, ""
  local headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/graphql-response+json, application/json;q=0.9",
  }
  for line in io.lines(args[1]) do
    table.insert(requests, wrk.format("POST", nil, headers, line))
  end
  place = tonumber(args[2])
  -- Looking into answers costs time, so it is done while warming up only.
  if args[3] == "checked" then
    response = function(status, _, body)
      if status ~= 200 or string.find(body, '"errors":', 1, true) then
        wrong = wrong + 1
        if complaint == "" then
          complaint = status .. " " .. string.sub(body, 1, 300)
        end
      end
    end
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local wrong, complaint = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    complaint = complaint .. thread:get("complaint")
  end
  complaint = complaint:gsub('[%c"\\]', function(char)
    return string.format("\\u%04x", string.byte(char))
  end)
  local errors = summary.errors
  io.write(string.format(
    '\noutcome {"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%d,"p99_us":%d,'
      .. '"errors":%d,"wrong":%d,"complaint":"%s"}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    wrong, complaint
  ))
end
