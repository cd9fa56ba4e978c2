module switch

go 1.27
