module aup.asergo.com/benchmarks/load

go 1.26
